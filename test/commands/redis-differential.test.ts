import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandTable } from '../../src/commands/table.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { type Typed, TypedClient } from '../support/typed-client.ts';

const reason = noRedis;
if (reason !== undefined) console.warn(`skipped: ${reason}`);

/** Conversations of one client each, a command a line. */
const CONVERSATIONS: Record<string, string> = {
  'publish and subscribe': `
    SUBSCRIBE
    PUBLISH a
    PUBLISH a b
    SPUBLISH a b
    UNSUBSCRIBE
    PUNSUBSCRIBE
    SUNSUBSCRIBE
    UNSUBSCRIBE a
    PUBSUB
    PUBSUB foo
    PUBSUB CHANNELS
    PUBSUB CHANNELS a b
    PUBSUB NUMSUB
    PUBSUB NUMSUB a b
    PUBSUB NUMPAT a
    PUBSUB SHARDCHANNELS a b
    PUBSUB SHARDNUMSUB a
    SSUBSCRIBE q
    PSUBSCRIBE a*
    PSUBSCRIBE a*
    PING
    PING hi
    PING a b
    NOPE
    GET
    UNSUBSCRIBE a
    PUNSUBSCRIBE
    SUNSUBSCRIBE q r
    RESET
    MULTI
    SUBSCRIBE c
    PING
    EXEC`,
  COMMAND: `
    COMMAND COUNT x
    COMMAND LIST foo
    COMMAND LIST FILTERBY MODULE x
    COMMAND LIST FILTERBY ACLCAT nope
    COMMAND LIST FILTERBY foo bar
    COMMAND LIST FILTERBY
    COMMAND LIST FILTERBY PATTERN c*|id
    COMMAND INFO nope
    COMMAND INFO config|get CLIENT|ID spublish ssubscribe
    COMMAND DOCS nope
    COMMAND GETKEYS
    COMMAND GETKEYS nope a
    COMMAND GETKEYS get
    COMMAND GETKEYS get a b
    COMMAND GETKEYS ping a
    COMMAND GETKEYS config foo
    COMMAND GETKEYS config get
    COMMAND GETKEYS ssubscribe a
    COMMAND GETKEYS memory usage k
    COMMAND GETKEYSANDFLAGS get a
    COMMAND GETKEYSANDFLAGS ping a
    COMMAND foo`,
  CLIENT: `
    CLIENT
    CLIENT SETNAME
    CLIENT foo
    CLIENT TRACKING
    CLIENT TRACKING OFF
    CLIENT TRACKING foo
    CLIENT TRACKING OFF FOO
    CLIENT CACHING YES
    CLIENT GETREDIR
    CLIENT TRACKINGINFO
    CLIENT UNBLOCK
    CLIENT UNBLOCK x
    CLIENT UNBLOCK 99999
    CLIENT UNBLOCK 99999 FOO
    CLIENT UNBLOCK 99999 ERROR x
    CLIENT NO-EVICT x
    CLIENT NO-EVICT ON
    CLIENT REPLY foo
    CLIENT REPLY ON
    CLIENT PAUSE x
    CLIENT PAUSE x foo
    CLIENT PAUSE -1
    CLIENT PAUSE 1 WRITE x
    CLIENT UNPAUSE
    CLIENT KILL
    CLIENT KILL 1.2.3.4:5
    CLIENT KILL ID 0
    CLIENT KILL ID x FOO
    CLIENT KILL ID 99999
    CLIENT KILL TYPE foo
    CLIENT KILL TYPE master
    CLIENT KILL USER foo
    CLIENT KILL USER default LADDR x
    CLIENT KILL SKIPME x
    CLIENT KILL FOO x
    CLIENT KILL ID 5 ADDR
    CLIENT LIST TYPE foo
    CLIENT LIST ID x
    CLIENT LIST ID 0
    CLIENT LIST foo
    CLIENT LIST TYPE
    CLIENT LIST TYPE pubsub
    CLIENT LIST TYPE pubsub ID 1
    CLIENT GETNAME x
    CLIENT GETNAME
    CLIENT SETNAME abc
    CLIENT GETNAME`,
  'observing commands': `
    SLOWLOG
    SLOWLOG GET x
    SLOWLOG GET -2
    SLOWLOG GET 1 2
    SLOWLOG RESET
    SLOWLOG GET
    SLOWLOG LEN x
    LATENCY LATEST
    LATENCY HISTORY x
    LATENCY RESET
    LATENCY RESET a
    LATENCY HISTOGRAM nope
    MEMORY USAGE nope
    MEMORY USAGE nope SAMPLES x
    MEMORY USAGE
    MEMORY USAGE a b
    MEMORY USAGE a SAMPLES -1
    MEMORY PURGE
    MEMORY foo
    INFO nope
    CONFIG RESETSTAT
    GET
    NOPE
    SET k v
    MGET
    INFO errorstats
    MULTI
    MONITOR
    EXEC
    MULTI
    SHUTDOWN
    EXEC
    MONITOR`,
  'a monitor': `
    MONITOR
    GET a
    SET a b
    RESET
    GET nokey`,
  'administrative commands': `
    MODULE LOAD x
    MODULE UNLOAD x
    MODULE UNLOAD
    DEBUG SLEEP 0
    DEBUG
    ROLE
    REPLICAOF a
    REPLICAOF NO ONE
    REPLICAOF h x
    SLAVEOF no one
    SWAPDB a b
    SWAPDB 0 b
    SWAPDB 0 99
    SWAPDB 0 0
    MOVE a x
    MOVE a 99
    MOVE a 0
    FAILOVER
    FAILOVER ABORT
    FAILOVER x
    SHUTDOWN x
    SHUTDOWN ABORT
    SHUTDOWN SAVE NOSAVE
    SHUTDOWN ABORT NOW
    BGSAVE foo
    LASTSAVE x
    WAIT x 0
    WAIT 0 x
    WAIT 0 -1
    WAIT 0 0`,
  CONFIG: `
    CONFIG
    CONFIG foo
    CONFIG GET
    CONFIG GET client-output*
    CONFIG GET SLOWLOG-MAX-LEN slowlog-max-len
    CONFIG GET enable-debug-command
    CONFIG SET slowlog-max-len x
    CONFIG SET slowlog-log-slower-than x
    CONFIG SET slowlog-log-slower-than -5
    CONFIG SET slowlog-max-len -1
    CONFIG SET slowlog-log-slower-than 10000
    CONFIG SET client-output-buffer-limit x
    CONFIG SET a 1 a 2
    CONFIG SET A 1
    CONFIG SET maxmemory 1 maxmemory 2
    CONFIG SET maxclients 0
    CONFIG SET a
    CONFIG SET a b c
    CONFIG SET enable-debug-command yes
    CONFIG REWRITE
    CONFIG RESETSTAT x`,
};

describe.skipIf(reason !== undefined)('the replies are those of redis-server 7.0', () => {
  const shared = useSharedNode();
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  test.each(
    Object.keys(CONVERSATIONS).flatMap((name) => [2, 3].map((protocol) => [name, protocol] as const)),
  )('%s in RESP%i', async (name, protocol) => {
    const ours = await shared.connectTyped();
    const theirs = await TypedClient.connect(redis.port);
    for (const client of [ours, theirs]) await client.send('HELLO', protocol);
    const differing: unknown[] = [];
    for (const line of (CONVERSATIONS[name] as string).trim().split('\n')) {
      const command = line.trim().split(' ');
      const [reply, expected] = [await ours.send(...command), await theirs.send(...command)];
      if (JSON.stringify(sorted(reply)) !== JSON.stringify(sorted(expected))) {
        differing.push({ line, reply, expected });
      }
    }
    theirs.close();
    expect(differing).toEqual([]);
  });

  test('COMMAND tells arity, flags, key positions and categories as Redis does', async () => {
    const ours = await shared.connectTyped();
    const theirs = await TypedClient.connect(redis.port);
    const expected = byName((await theirs.send('COMMAND')) as Typed[][]);
    theirs.close();
    const differing: unknown[] = [];
    for (const [name, entry] of byName((await ours.send('COMMAND')) as Typed[][])) {
      const other = expected.get(name);
      if (other === undefined || !HERE.has(name.split('|')[0] as string)) continue;
      if (JSON.stringify(entry) !== JSON.stringify(other)) differing.push({ name, entry, other });
    }
    expect(differing).toEqual([]);
  });
});

/** The containers and commands of the groups that this file is about. */
const HERE = new Set(
  new CommandTable()
    .all()
    .filter((c) => ['pubsub', 'server', 'connection', 'cluster', 'transactions'].includes(c.group))
    .map((c) => c.name),
);

/** Elements 2 to 7 of each command and subcommand, by name. */
function byName(commands: Typed[][]): Map<string, Typed[]> {
  const found = new Map<string, Typed[]>();
  for (const entry of commands) {
    found.set(String(entry[0]).slice(1), entry.slice(1, 7).map(sorted));
    for (const [name, sub] of byName(entry[9] as Typed[][])) found.set(name, sub);
  }
  return found;
}

/** Sets of RESP3, and flags, which RESP2 has as arrays of statuses, in one order. */
function sorted(reply: Typed): Typed {
  if (reply === null || typeof reply === 'string') return reply;
  if (Array.isArray(reply)) {
    const items = reply.map(sorted);
    return items.every((item) => typeof item === 'string' && item.startsWith('+')) ? items.sort() : items;
  }
  if ('set' in reply) return { set: reply.set.map(sorted).sort() };
  if ('push' in reply) return { push: reply.push.map(sorted) };
  return { map: reply.map.map(([key, value]) => [sorted(key), sorted(value)]) };
}
