/** The positions [from, to) that Redis's inclusive indexes name in a sequence, negative ones from the end. */
export function indexSpan(start: number, stop: number, length: number): { from: number; to: number } {
  const from = Math.min(length, Math.max(0, start < 0 ? start + length : start));
  const to = Math.max(from, Math.min(length, (stop < 0 ? stop + length : stop) + 1));
  return { from, to };
}
