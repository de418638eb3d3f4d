import { randomBytes } from 'node:crypto';
import { machine, release, totalmem, type } from 'node:os';
import type { LoadProgress } from '../../keyspace/keyspace.ts';
import type { NodeContext } from '../../node-context.ts';
import { REDIS_VERSION } from '../../version.ts';
import { memoryFigures } from '../memory.ts';
import { cpuSeconds, humanBytes, type Section } from './section.ts';

/** Changes with each start: clients tell by it that a server has restarted. */
const RUN_ID = randomBytes(20).toString('hex');
/** How often keys expire by themselves, in Hz. */
const EXPIRY_HZ = 10;

const server: Section = {
  title: 'Server',
  shown: 'default',
  fields: (node) => [
    ['redis_version', REDIS_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['node_version', process.version],
    ['redis_mode', node.slots === null ? 'standalone' : 'cluster'],
    ['os', `${type()} ${release()} ${machine()}`],
    ['arch_bits', 64],
    ['process_id', process.pid],
    ['run_id', RUN_ID],
    ['tcp_port', node.port],
    ['server_time_usec', Date.now() * 1000],
    ['uptime_in_seconds', Math.floor((Date.now() - node.startedAt) / 1000)],
    ['uptime_in_days', Math.floor((Date.now() - node.startedAt) / 86_400_000)],
    ['hz', EXPIRY_HZ],
    ['configured_hz', EXPIRY_HZ],
    ['executable', process.execPath],
    ['config_file', ''],
    ['io_threads_active', 0],
  ],
};

const clients: Section = {
  title: 'Clients',
  shown: 'default',
  fields: (node) => [
    ['connected_clients', node.clients.size],
    ['cluster_connections', 0],
    ['maxclients', node.config.maxclients],
    ['blocked_clients', node.waiters.size],
    ['tracking_clients', 0],
  ],
};

const memory: Section = {
  title: 'Memory',
  shown: 'default',
  fields(node) {
    const { used, dataset, peak, rss, clientBytes, heapUsed, external, fragmentation } = memoryFigures(node);
    const total = totalmem();
    return [
      ['used_memory', used],
      ['used_memory_human', humanBytes(used)],
      ['used_memory_rss', rss],
      ['used_memory_rss_human', humanBytes(rss)],
      ['used_memory_peak', peak],
      ['used_memory_peak_human', humanBytes(peak)],
      ['used_memory_peak_perc', `${(peak === 0 ? 100 : (used / peak) * 100).toFixed(2)}%`],
      ['used_memory_overhead', clientBytes],
      ['used_memory_startup', 0],
      ['used_memory_dataset', dataset],
      ['used_memory_dataset_perc', `${(used === 0 ? 100 : (dataset / used) * 100).toFixed(2)}%`],
      ['total_system_memory', total],
      ['total_system_memory_human', humanBytes(total)],
      ['maxmemory', node.config.maxmemory],
      ['maxmemory_human', humanBytes(node.config.maxmemory)],
      ['maxmemory_policy', node.config.maxmemoryPolicy],
      ['mem_fragmentation_ratio', fragmentation.toFixed(2)],
      ['mem_fragmentation_bytes', rss - used - heapUsed - external],
      ['mem_not_counted_for_evict', clientBytes],
      ['mem_clients_slaves', 0],
      ['mem_clients_normal', clientBytes],
      ['v8_heap_used', heapUsed],
      ['v8_external', external],
    ];
  },
};

const isSaving = (node: NodeContext) => (node.persistence?.checkpoints.writing == null ? 0 : 1);

/** Redis counts bytes here; what a start takes depends on the number of keys. */
function loadingFields(progress: LoadProgress | null): [string, string | number][] {
  if (progress === null) return [];
  const { startedAt, totalKeys, loadedKeys } = progress;
  const seconds = (Date.now() - startedAt) / 1000;
  const left = (seconds / Math.max(1, loadedKeys)) * (totalKeys - loadedKeys);
  return [
    ['loading_start_time', Math.floor(startedAt / 1000)],
    ['loading_total_keys', totalKeys],
    ['loading_loaded_keys', loadedKeys],
    ['loading_loaded_perc', ((100 * loadedKeys) / Math.max(1, totalKeys)).toFixed(2)],
    ['loading_eta_seconds', Math.ceil(left)],
  ];
}

const persistence: Section = {
  title: 'Persistence',
  shown: 'default',
  fields: (node) => [
    ['loading', node.keyspace.loading === null ? 0 : 1],
    ['async_loading', 0],
    ...loadingFields(node.keyspace.loading),
    ['rdb_changes_since_last_save', node.persistence?.checkpoints.unsaved.keys.size ?? 0],
    ['rdb_bgsave_in_progress', isSaving(node)],
    ['rdb_last_save_time', Math.floor((node.persistence?.checkpoints.savedAt ?? node.startedAt) / 1000)],
    ['rdb_last_bgsave_status', node.persistence?.checkpoints.lastFailed === true ? 'err' : 'ok'],
    ['rdb_last_bgsave_time_sec', node.persistence?.checkpoints.lastSeconds ?? -1],
    ['rdb_current_bgsave_time_sec', node.persistence?.checkpoints.seconds ?? -1],
    ['rdb_saves', node.persistence?.checkpoints.written ?? 0],
    ['aof_enabled', node.persistence === null ? 0 : 1],
    ['aof_current_size', node.persistence?.logBytes ?? 0],
    ['aof_last_write_status', node.persistence?.error == null ? 'ok' : 'err'],
    ['aof_rewrite_in_progress', isSaving(node)],
    ['aof_rewrite_scheduled', 0],
    ['aof_last_rewrite_time_sec', node.persistence?.checkpoints.lastSeconds ?? -1],
    ['aof_current_rewrite_time_sec', node.persistence?.checkpoints.seconds ?? -1],
    ['aof_last_bgrewrite_status', node.persistence?.checkpoints.lastFailed === true ? 'err' : 'ok'],
    ['module_fork_in_progress', 0],
  ],
};

const stats: Section = {
  title: 'Stats',
  shown: 'default',
  fields({ statistics, rates, keyspace, memory, subscriptions }) {
    return [
      ['total_connections_received', statistics.connections],
      ['total_commands_processed', statistics.commands],
      ['instantaneous_ops_per_sec', Math.round(rates.commandsPerSecond)],
      ['total_net_input_bytes', statistics.traffic.bytesIn],
      ['total_net_output_bytes', statistics.traffic.bytesOut],
      ['instantaneous_input_kbps', (rates.bytesInPerSecond / 1024).toFixed(2)],
      ['instantaneous_output_kbps', (rates.bytesOutPerSecond / 1024).toFixed(2)],
      ['rejected_connections', statistics.rejectedConnections],
      ['sync_full', 0],
      ['sync_partial_ok', 0],
      ['sync_partial_err', 0],
      ['expired_keys', keyspace.expired - statistics.expiredBefore],
      ['evicted_keys', keyspace.evicted - statistics.evictedBefore],
      ['evicted_clients', 0],
      ['total_eviction_exceeded_time', Math.floor(memory.exceeded.totalMs)],
      ['current_eviction_exceeded_time', Math.floor(memory.exceeded.currentMs)],
      ['keyspace_hits', statistics.keyspaceHits],
      ['keyspace_misses', statistics.keyspaceMisses],
      ['pubsub_channels', subscriptions.names('channels').length],
      ['pubsub_patterns', subscriptions.names('patterns').length],
      ['pubsubshard_channels', subscriptions.names('shardChannels').length],
      ['latest_fork_usec', 0],
      ['total_forks', 0],
      ['migrate_cached_sockets', 0],
      ['tracking_total_keys', 0],
      ['tracking_total_items', 0],
      ['tracking_total_prefixes', 0],
      ['total_error_replies', statistics.errorReplies],
    ];
  },
};

const replication: Section = {
  title: 'Replication',
  shown: 'default',
  fields: () => [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', RUN_ID],
    ['master_replid2', '0'.repeat(40)],
    ['master_repl_offset', 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
  ],
};

const cpu: Section = {
  title: 'CPU',
  shown: 'default',
  fields() {
    const whole = process.cpuUsage();
    const main = process.threadCpuUsage();
    return [
      ['used_cpu_sys', cpuSeconds(whole.system)],
      ['used_cpu_user', cpuSeconds(whole.user)],
      ['used_cpu_sys_children', cpuSeconds(0)],
      ['used_cpu_user_children', cpuSeconds(0)],
      ['used_cpu_sys_main_thread', cpuSeconds(main.system)],
      ['used_cpu_user_main_thread', cpuSeconds(main.user)],
    ];
  },
};

const cluster: Section = {
  title: 'Cluster',
  shown: 'default',
  fields: (node: NodeContext) => [['cluster_enabled', node.slots === null ? 0 : 1]],
};

const keyspaceSection: Section = {
  title: 'Keyspace',
  shown: 'default',
  fields: ({ keyspace }) =>
    keyspace.size === 0
      ? []
      : [['db0', `keys=${keyspace.size},expires=${keyspace.expiring},avg_ttl=${keyspace.averageTtlMs}`]],
};

export const nodeSections: readonly Section[] = [
  ...[server, clients, memory, persistence, stats, replication, cpu],
];
export const keyspaceSections: readonly Section[] = [cluster, keyspaceSection];
