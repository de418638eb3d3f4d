/** How many calls took at most so many microseconds, by that bound; bounds double. */
export type Cumulative = ReadonlyMap<number, number>;

/**
 * The durations that shares of the calls between two readings did not pass, in us: as exact as the bounds, evened out between two of them.
 * Undefined where there were no calls.
 */
export function percentilesBetween(
  before: readonly Cumulative[],
  after: readonly Cumulative[],
  percents: readonly number[],
): number[] | undefined {
  const bounds = [...new Set(after.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b);
  const at = (readings: readonly Cumulative[], bound: number) =>
    readings.reduce((sum, reading) => sum + atMost(reading, bound), 0);
  const counts = bounds.map((bound) => at(after, bound) - at(before, bound));
  const total = counts.at(-1) ?? 0;
  if (total <= 0) return undefined;
  return percents.map((percent) => {
    const wanted = (total * percent) / 100;
    const i = counts.findIndex((count) => count >= wanted);
    const bound = bounds[i] as number;
    const below = counts[i - 1] ?? 0;
    const share = (wanted - below) / Math.max(1, (counts[i] as number) - below);
    return bound / 2 + (bound / 2) * share;
  });
}

function atMost(reading: Cumulative, bound: number): number {
  let found = 0;
  for (const [each, count] of reading) if (each <= bound) found = count;
  return found;
}
