import { randomBytes } from 'node:crypto';
import { formatRanges } from '../../../cluster/slot-map.ts';
import { errors } from '../../errors.ts';
import { rdbFile } from '../../keyspace/dump/rdb-file-writer.ts';
import { memorySnapshot, type Snapshot } from '../../keyspace/snapshot.ts';
import type { NodeContext } from '../../node-context.ts';
import { REDIS_VERSION, TESSERA_VERSION } from '../../version.ts';
import { requireInteger } from '../arguments.ts';
import type { Command } from '../command.ts';
import { orMisconf } from './misconf.ts';

export const sync: Command = {
  name: 'sync',
  arity: 1,
  flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
  group: 'server',
  summary: 'Sends all keys as they are at one moment, as an RDB file, then closes the connection',
  syntax: '',
  run({ node, client }) {
    const patienceMs = node.config.replTimeoutSeconds * 1000;
    void client.sendAndClose(copyOf(node, client.wantsNoKeys), patienceMs);
    return undefined;
  },
};

export const psync: Command = {
  ...sync,
  name: 'psync',
  arity: -3,
  since: '2.8.0',
  summary: 'Refused: this engine has no replicas; SYNC sends a copy of all keys',
  syntax: 'replication-id offset',
  run(_, args) {
    requireInteger(args, 2);
    throw errors.noPsync();
  },
};

/**
 * What SYNC answers where the length is not known beforehand:
 *
 * ```
 *  $EOF:<40 characters>\r\n | RDB file | the same 40 characters
 * ```
 */
async function* copyOf(node: NodeContext, withoutKeys: boolean): AsyncGenerator<Uint8Array> {
  const snapshot = withoutKeys ? NO_KEYS : await snapshotOf(node);
  try {
    const mark = randomBytes(20).toString('hex');
    yield Buffer.from(`$EOF:${mark}\r\n`);
    yield* rdbFile(snapshot, factsOf(node));
    yield Buffer.from(mark);
  } finally {
    snapshot.close();
  }
}

const NO_KEYS: Snapshot = { keys: 0, expiring: 0, entries: () => [], close() {} };

function snapshotOf({ persistence, keyspace }: NodeContext): Snapshot | Promise<Snapshot> {
  return persistence === null ? memorySnapshot(keyspace) : orMisconf(persistence.snapshot());
}

function factsOf({ name, slots, keyspace }: NodeContext): Record<string, string | number> {
  return {
    'redis-ver': REDIS_VERSION,
    'redis-bits': 64,
    ctime: Math.floor(Date.now() / 1000),
    'used-mem': keyspace.usedBytes,
    'tessera-ver': TESSERA_VERSION,
    'tessera-node': name,
    ...(slots === null ? {} : { 'tessera-slots': formatRanges(slots.myself.ranges).join(' ') }),
  };
}
