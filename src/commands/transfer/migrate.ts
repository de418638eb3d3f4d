import { errors } from '../../errors.ts';
import { dumpValue } from '../../keyspace/dump/dump.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { OK, type Reply, SimpleString } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, keywordAt, requireInteger, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { TargetConnection } from './target-connection.ts';

const NOKEY = new SimpleString('NOKEY');
const DEFAULT_TIMEOUT_MS = 1000;

interface MigrateArguments {
  readonly host: string;
  readonly port: number;
  readonly keys: readonly KeyName[];
  readonly database: number;
  readonly timeoutMs: number;
  readonly copy: boolean;
  readonly replace: boolean;
  /** What AUTH is sent with; empty for none. */
  readonly credentials: readonly string[];
}

export const migrate: Command = {
  name: 'migrate',
  arity: -6,
  flags: ['write'],
  keys: { first: 3, last: 3, step: 1 },
  findKeys: keyPositions,
  group: 'generic',
  summary: 'Moves keys to another server: sent with RESTORE, then deleted here',
  syntax:
    'host port key|"" database timeout-ms [COPY] [REPLACE] [AUTH password | AUTH2 username password] [KEYS key ...]',
  async run({ node, inTransaction }, args) {
    if (inTransaction) throw errors.notInTransaction();
    const wanted = parse(args);
    const { keyspace } = node;
    if (!wanted.keys.some((key) => keyspace.get(key) !== undefined)) return NOKEY;
    const restoreName = node.slots === null ? 'RESTORE' : 'RESTORE-ASKING';
    return moveAll(keyspace, wanted, restoreName);
  },
};

function keyPositions(args: Arguments): number[] {
  if (args[3] !== undefined && args[3].length > 0) return [3];
  for (let i = 6; i < args.length; i++) {
    if (keywordAt(args, i) === 'KEYS')
      return Array.from({ length: args.length - i - 1 }, (_, k) => i + 1 + k);
    if (keywordAt(args, i) === 'AUTH') i++;
    else if (keywordAt(args, i) === 'AUTH2') i += 2;
  }
  return [];
}

function parse(args: Arguments): MigrateArguments {
  let copy = false;
  let replace = false;
  let credentials: string[] = [];
  for (let i = 6; i < args.length; i++) {
    const option = keywordAt(args, i);
    if (option === 'COPY') copy = true;
    else if (option === 'REPLACE') replace = true;
    else if (option === 'AUTH' && i + 1 < args.length) credentials = [keyAt(args, ++i)];
    else if (option === 'AUTH2' && i + 2 < args.length) {
      credentials = [keyAt(args, i + 1), keyAt(args, i + 2)];
      i += 2;
    } else if (option === 'KEYS') {
      if (args[3]?.length !== 0) throw errors.migrateKeysWithKey();
      break;
    } else throw errors.syntax();
  }
  const timeout = requireInteger(args, 5);
  const database = requireInteger(args, 4);
  const port = requireInteger(args, 2);
  return {
    host: textAt(args, 1),
    port,
    keys: keyPositions(args).map((at) => keyAt(args, at)),
    database,
    timeoutMs: timeout <= 0 ? DEFAULT_TIMEOUT_MS : timeout,
    copy,
    replace,
    credentials,
  };
}

async function moveAll(keyspace: Keyspace, wanted: MigrateArguments, restoreName: string): Promise<Reply> {
  let target: TargetConnection;
  try {
    target = await TargetConnection.open(wanted.host, wanted.port, wanted.timeoutMs);
  } catch {
    throw errors.migrateConnect();
  }
  const request = async (...args: Parameters<TargetConnection['request']>) => {
    const reply = await target.request(...args).catch(() => {
      throw errors.migrateIo();
    });
    if (reply instanceof Error) throw errors.migrateTarget(reply.message);
  };
  try {
    if (wanted.credentials.length > 0) await request('AUTH', ...wanted.credentials);
    if (wanted.database !== 0) await request('SELECT', String(wanted.database));
    for (const key of wanted.keys) await moveOne(keyspace, key, wanted, restoreName, request);
    return OK;
  } finally {
    target.close();
  }
}

/**
 * Unlike in Redis, other clients are served meanwhile. A key that changes while it is on its way is sent again, one that goes is deleted
 * there too: it is never deleted here unless the other side has what it was.
 */
async function moveOne(
  keyspace: Keyspace,
  key: KeyName,
  { copy, replace }: MigrateArguments,
  restoreName: string,
  request: (...args: Parameters<TargetConnection['request']>) => Promise<void>,
): Promise<void> {
  let changed = false;
  const unwatch = keyspace.watch(key, () => {
    changed = true;
  });
  try {
    for (let sent = false; ; sent = true) {
      const value = keyspace.get(key);
      if (value === undefined) {
        if (sent && restoreName === 'RESTORE-ASKING') await request('ASKING');
        if (sent) await request('DEL', key);
        return;
      }
      changed = false;
      const expiry = keyspace.expiryOf(key);
      const ttl = expiry === undefined ? 0 : Math.max(1, expiry - Date.now());
      const options = replace || sent ? ['REPLACE'] : [];
      await request(restoreName, key, String(ttl), dumpValue(value), ...options);
      if (changed) continue;
      if (!copy) keyspace.delete(key);
      return;
    }
  } finally {
    unwatch();
  }
}
