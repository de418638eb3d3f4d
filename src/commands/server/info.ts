import { availableParallelism, totalmem } from 'node:os';
import type { NodeContext } from '../../node-context.ts';
import { Verbatim } from '../../protocol/reply.ts';
import { REDIS_VERSION, REDISAI_VERSION, TESSERA_VERSION } from '../../version.ts';
import { keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

type Fields = readonly (readonly [string, string | number])[];

interface Section {
  /** As INFO's argument; those of the AI part answer to MODULES. */
  readonly selector: string;
  readonly title: string;
  readonly fields: (node: NodeContext) => Fields;
}

const SECTIONS: readonly Section[] = [
  {
    selector: 'SERVER',
    title: 'Server',
    fields: (node) => [
      ['redis_version', REDIS_VERSION],
      ['tessera_version', TESSERA_VERSION],
      ['redis_mode', node.slots === null ? 'standalone' : 'cluster'],
      ['os', `${process.platform} ${process.arch}`],
      ['arch_bits', 64],
      ['node_version', process.version],
      ['process_id', process.pid],
      ['run_id', node.id],
      ['tcp_port', node.port],
      ['uptime_in_seconds', Math.floor((Date.now() - node.startedAt) / 1000)],
      ['uptime_in_days', Math.floor((Date.now() - node.startedAt) / 86_400_000)],
    ],
  },
  {
    selector: 'CLIENTS',
    title: 'Clients',
    fields: (node) => [
      ['connected_clients', node.clients.size],
      ['maxclients', node.config.maxclients],
      ['blocked_clients', 0],
    ],
  },
  {
    selector: 'MEMORY',
    title: 'Memory',
    fields: (node) => {
      const usage = process.memoryUsage();
      return [
        ['used_memory', node.keyspace.usedBytes],
        ['used_memory_peak', process.resourceUsage().maxRSS * 1024],
        ['used_memory_rss', usage.rss],
        ['used_memory_dataset', node.keyspace.usedBytes],
        ['total_system_memory', totalmem()],
        ['maxmemory', node.config.maxmemory],
        ['maxmemory_policy', 'noeviction'],
      ];
    },
  },
  {
    selector: 'PERSISTENCE',
    title: 'Persistence',
    fields: () => [
      ['loading', 0],
      ['rdb_bgsave_in_progress', 0],
      ['aof_enabled', 0],
    ],
  },
  {
    selector: 'STATS',
    title: 'Stats',
    fields: (node) => [
      ['total_connections_received', node.counters.connections],
      ['total_commands_processed', node.counters.commands],
      ['rejected_connections', node.counters.rejectedConnections],
      ['total_error_replies', node.counters.errors],
      ['total_net_input_bytes', node.counters.bytesIn],
      ['total_net_output_bytes', node.counters.bytesOut],
    ],
  },
  {
    selector: 'REPLICATION',
    title: 'Replication',
    fields: () => [
      ['role', 'master'],
      ['connected_slaves', 0],
      ['master_repl_offset', 0],
    ],
  },
  {
    selector: 'CPU',
    title: 'CPU',
    fields: () => {
      const { system, user } = process.cpuUsage();
      return [
        ['used_cpu_sys', (system / 1e6).toFixed(6)],
        ['used_cpu_user', (user / 1e6).toFixed(6)],
      ];
    },
  },
  {
    selector: 'CLUSTER',
    title: 'Cluster',
    fields: (node) => [['cluster_enabled', node.slots === null ? 0 : 1]],
  },
  {
    selector: 'KEYSPACE',
    title: 'Keyspace',
    fields: ({ keyspace }) =>
      keyspace.size === 0 ? [] : [['db0', `keys=${keyspace.size},expires=${keyspace.expiring},avg_ttl=0`]],
  },
  {
    selector: 'MODULES',
    title: 'ai_versions',
    fields: () => [
      ['ai_RedisAI_version', REDISAI_VERSION],
      ['ai_low_level_API_version', 1],
      ['ai_rdb_version', 4],
    ],
  },
  {
    selector: 'MODULES',
    title: 'ai_load_time_configs',
    fields: ({ devices }) => {
      const { threadsPerQueue, intraOpParallelism, interOpParallelism, executionTimeoutMs } =
        devices.settings;
      return [
        ['ai_threads_per_queue', threadsPerQueue],
        ['ai_inter_op_parallelism', interOpParallelism],
        ['ai_intra_op_parallelism', intraOpParallelism],
        ['ai_model_execution_timeout', executionTimeoutMs],
        ['ai_available_parallelism', availableParallelism()],
      ];
    },
  },
  {
    selector: 'MODULES',
    title: 'ai_execution',
    fields: ({ devices }) => {
      const counters = devices.counters();
      return [
        ['ai_runs', counters.runs],
        ['ai_runs_timed_out', counters.timedOutRuns],
        ['ai_workers_replaced', counters.workersReplaced],
        ['ai_stuck_threads', devices.stuckThreads],
        ['ai_queue_length', devices.queueLength],
        ['ai_sessions', devices.sessions],
      ];
    },
  },
];

export const info: Command = {
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  summary: 'Tells how this node is doing',
  syntax: '[section ...]',
  run({ node }, args) {
    const wanted = new Set(args.slice(1).map((_, i) => keywordAt(args, i + 1)));
    const all = ['ALL', 'EVERYTHING'].some((name) => wanted.has(name));
    const defaults = wanted.size === 0 || wanted.has('DEFAULT');
    const chosen = SECTIONS.filter(
      ({ selector, title }) => all || defaults || wanted.has(selector) || wanted.has(title.toUpperCase()),
    );
    return new Verbatim(
      chosen
        .map(
          ({ title, fields }) =>
            `# ${title}\r\n${fields(node)
              .map(([name, value]) => `${name}:${value}\r\n`)
              .join('')}`,
        )
        .join('\r\n'),
    );
  },
};
