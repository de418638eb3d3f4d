import type { NodeContext } from '../../../node-context.ts';
import { humanBytes } from '../../../observability/info/section.ts';
import { memoryFigures } from '../../../observability/memory.ts';
import { Verbatim } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

/** Of maxmemory: from here on writes will soon be refused. */
const NEARLY_FULL = 0.9;

export const doctor: Command = {
  name: 'memory|doctor',
  arity: 2,
  flags: [],
  group: 'server',
  since: '4.0.0',
  summary: 'Reports on memory in words',
  syntax: '',
  run: ({ node }) => new Verbatim(report(node)),
};

function report(node: NodeContext): string {
  const { used, dataset, peak, rss } = memoryFigures(node);
  const { maxmemory, maxmemoryPolicy } = node.config;
  const lines = [
    `Keys, values and clients hold ${humanBytes(used)}, at most ${humanBytes(peak)} so far; the process holds ${humanBytes(rss)}.`,
  ];
  if (maxmemory > 0 && dataset > maxmemory * NEARLY_FULL) {
    const above =
      maxmemoryPolicy === 'noeviction' ? 'writes are refused' : `keys are evicted (${maxmemoryPolicy})`;
    lines.push(`maxmemory (${humanBytes(maxmemory)}) is nearly reached: ${above} above it.`);
  }
  return `${lines.join('\n')}\n`;
}
