import { MapReply, type Reply } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const docs: Command = {
  name: 'command|docs',
  arity: -2,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '7.0.0',
  summary: 'Documents commands: summary, version, group',
  syntax: '[name [name ...]]',
  run({ node }, args) {
    const { commands } = node;
    const found =
      args.length === 2
        ? commands.all()
        : args.slice(2).flatMap((name) => commands.findByFullName(name.toString('latin1')) ?? []);
    return documented(found);
  },
};

function documented(commands: readonly Command[]): Reply {
  return new MapReply(
    commands.map((c): [Reply, Reply] => {
      const entries: [Reply, Reply][] = [
        ['summary', c.summary],
        ['since', c.since ?? '1.0.0'],
        ['group', c.group === 'ai' ? 'module' : c.group],
      ];
      if (c.group === 'ai') entries.push(['module', 'ai']);
      if (c.subcommands !== undefined) entries.push(['subcommands', documented(c.subcommands)]);
      return [c.name, new MapReply(entries)];
    }),
  );
}
