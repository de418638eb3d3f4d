import { getHeapStatistics } from 'node:v8';
import { Verbatim } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const mallocStats: Command = {
  name: 'memory|malloc-stats',
  arity: 2,
  flags: [],
  group: 'server',
  since: '4.0.0',
  summary: "Returns the JavaScript heap's own figures",
  syntax: '',
  run: () =>
    new Verbatim(
      Object.entries(getHeapStatistics())
        .map(([name, value]) => `${name}:${value}\n`)
        .join(''),
    ),
};
