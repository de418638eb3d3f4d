import { MapReply, type Reply } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const histogram: Command = {
  name: 'latency|histogram',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '7.0.0',
  summary: 'Returns how many calls of each command took at most 1, 2, 4, ... microseconds',
  syntax: '[command [command ...]]',
  run({ node }, args) {
    const { commands, statistics } = node;
    const wanted =
      args.length === 2
        ? commands.all()
        : args.slice(2).flatMap((name) => commands.findByFullName(name.toString('latin1')) ?? []);
    const entries: [Reply, Reply][] = [];
    for (const command of wanted.flatMap((c) => [c, ...(c.subcommands ?? [])])) {
      const found = statistics.perCommand.of(command).histogram;
      if (found === null) continue;
      entries.push([
        command.name,
        new MapReply([
          ['calls', found.count],
          ['histogram_usec', new MapReply(found.cumulative())],
        ]),
      ]);
    }
    return new MapReply(entries);
  },
};
