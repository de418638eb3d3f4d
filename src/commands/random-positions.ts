import { errors } from '../errors.ts';

/** A reply of that many random elements is larger than any client means; Redis would send for hours. */
const MOST_WITH_REPEATS = 2 ** 24;

/** A position in [0, length), each equally likely. */
export function randomPosition(length: number): number {
  return Math.floor(Math.random() * length);
}

/**
 * The positions that SRANDMEMBER, HRANDFIELD and ZRANDMEMBER answer with: as many different ones as there are up to `count`, or for a negative one
 * exactly that many, with repeats.
 * @throws ServerError when more repeats are asked for than one reply can hold.
 */
export function randomPositions(count: number, length: number): number[] {
  if (count >= 0) return distinctPositions(Math.min(count, length), length);
  if (-count > MOST_WITH_REPEATS) throw errors.outOfRange();
  return Array.from({ length: -count }, () => randomPosition(length));
}

/** The first `count` steps of a shuffle of all positions, of which only those are kept that have moved. */
function distinctPositions(count: number, length: number): number[] {
  if (count === length) return Array.from({ length }, (_, i) => i);
  const moved = new Map<number, number>();
  return Array.from({ length: count }, (_, i) => {
    const j = i + randomPosition(length - i);
    const chosen = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return chosen;
  });
}
