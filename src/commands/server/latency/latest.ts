import type { Command } from '../../command.ts';

export const latest: Command = {
  name: 'latency|latest',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Returns the latest sample of each event: name, time, milliseconds, most milliseconds',
  syntax: '',
  run: ({ node }) =>
    [...node.latency.events()].map(([name, { samples, slowest }]) => [
      name,
      ...(samples.at(-1) ?? [0, 0]),
      slowest,
    ]),
};
