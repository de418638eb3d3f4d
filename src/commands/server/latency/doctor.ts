import type { NodeContext } from '../../../node-context.ts';
import { Verbatim } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const doctor: Command = {
  name: 'latency|doctor',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Reports on latency in words',
  syntax: '',
  run: ({ node }) => new Verbatim(report(node)),
};

function report({ config, latency }: NodeContext): string {
  if (config.latencyThresholdMs === 0) {
    return 'Latency monitoring is disabled. CONFIG SET latency-monitor-threshold <milliseconds> enables it.\n';
  }
  const events = [...latency.events()];
  if (events.length === 0) return 'No latency spike was observed.\n';
  const lines = events.map(([name, { samples, slowest }]) => {
    const mean = samples.reduce((sum, [, ms]) => sum + ms, 0) / samples.length;
    return `${name}: ${samples.length} latency spikes (average ${Math.round(mean)} ms, worst ${slowest} ms).`;
  });
  return `${lines.join('\n')}\nSLOWLOG GET shows which commands took long.\n`;
}
