import type { Arguments } from '../protocol/request-reader.ts';
import { integerAt } from './arguments.ts';
import type { Command } from './command.ts';

/**
 * Where the keys are of commands that give their number first: it is at `countAt`, the keys follow.
 * @param others positions of more keys, each before the count.
 */
export function countedKeys(
  countAt: number,
  ...others: number[]
): Required<Pick<Command, 'findKeys' | 'keySpecs'>> {
  return {
    findKeys: (args: Arguments) => {
      const count = integerAt(args, countAt) ?? 0;
      const positions = [...others];
      for (let i = 1; i <= count && countAt + i < args.length; i++) positions.push(countAt + i);
      return positions;
    },
    keySpecs: [
      ...others.map((index) => ({ begin: { index }, find: { lastKey: 0, step: 1 } })),
      { begin: { index: countAt }, find: 'counted' },
    ],
  };
}
