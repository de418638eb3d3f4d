import type { Arguments } from '../protocol/request-reader.ts';
import { integerAt } from './arguments.ts';

/** Finds the keys of commands that give their number first: it is at `countAt`, the keys follow. `others` are positions of more keys. */
export function countedKeys(countAt: number, ...others: number[]): (args: Arguments) => number[] {
  return (args) => {
    const count = integerAt(args, countAt) ?? 0;
    const positions = [...others];
    for (let i = 1; i <= count && countAt + i < args.length; i++) positions.push(countAt + i);
    return positions;
  };
}
