import { TESSERA_VERSION } from '../../version.ts';
import { memoryFigures } from '../memory.ts';
import { counter, type Family, gauge, histogram, inSeconds } from './family.ts';

/** The node itself, its clients, and the commands that it ran. */
export const nodeFamilies: readonly Family[] = [
  gauge('tessera_build_info', 'Version of the server; always 1.', (node) => [
    { value: 1, labels: { version: TESSERA_VERSION, node: node.name } },
  ]),
  gauge(
    'tessera_start_time_seconds',
    'When the node was started, Unix time.',
    (node) => node.startedAt / 1000,
  ),
  counter('tessera_commands_total', 'Commands by what came of them.', ({ statistics }) =>
    statistics.perCommand.used().flatMap(([command, { calls, failed, rejected }]) => [
      { value: calls - failed, labels: { command, outcome: 'ok' } },
      { value: failed, labels: { command, outcome: 'failed' } },
      { value: rejected, labels: { command, outcome: 'rejected' } },
    ]),
  ),
  histogram('tessera_command_seconds', 'Time of commands that ran, until their reply.', ({ statistics }) =>
    statistics.perCommand
      .used()
      .flatMap(([command, { histogram: durations }]) =>
        durations === null ? [] : [[{ command }, inSeconds(durations)] as const],
      ),
  ),
  counter('tessera_error_replies_total', 'Error replies by their first word.', ({ statistics }) =>
    [...statistics.errorCodes].map(([code, value]) => ({ value, labels: { code } })),
  ),
  gauge('tessera_connected_clients', 'Clients that are connected.', ({ clients }) => clients.size),
  gauge('tessera_blocked_clients', 'Clients that wait for keys.', ({ waiters }) => waiters.size),
  gauge('tessera_max_clients', 'Clients that may be connected.', ({ config }) => config.maxclients),
  counter('tessera_connections_total', 'Clients that have come.', ({ statistics }) => statistics.connections),
  counter(
    'tessera_rejected_connections_total',
    'Clients that were refused.',
    ({ statistics }) => statistics.rejectedConnections,
  ),
  counter(
    'tessera_network_receive_bytes_total',
    'Bytes that clients have sent.',
    ({ statistics }) => statistics.traffic.bytesIn,
  ),
  counter(
    'tessera_network_transmit_bytes_total',
    'Bytes that clients were sent.',
    ({ statistics }) => statistics.traffic.bytesOut,
  ),
  gauge('tessera_slow_log_entries', 'Entries of SLOWLOG.', ({ slowLog }) => slowLog.length),
  gauge('tessera_memory_bytes', 'Bytes of keys and values, and of clients.', (node) => {
    const { dataset, clientBytes } = memoryFigures(node);
    return [
      { value: dataset, labels: { of: 'data' } },
      { value: clientBytes, labels: { of: 'clients' } },
    ];
  }),
  gauge('tessera_memory_limit_bytes', 'maxmemory; 0 for no limit.', ({ config }) => config.maxmemory),
];
