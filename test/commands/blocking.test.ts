import { afterEach, describe, expect, test } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { encode } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode();

/** Looks once per turn of the event loop; the test's own time limit ends it. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

/** How many clients wait, as INFO tells. */
async function blocked(): Promise<number> {
  observer ??= await shared.connect();
  const info = String(await observer.send('INFO', 'clients'));
  return Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
}
let observer: RespClient | null = null;
afterEach(() => {
  observer = null;
});

const waiting = (count: number) => until(async () => (await blocked()) === count);

/** Sends commands that wait, each from a client of its own, one after the other. */
async function wait(...commands: string[]): Promise<{ client: RespClient; reply: Promise<unknown> }[]> {
  const waits: { client: RespClient; reply: Promise<unknown> }[] = [];
  for (const command of commands) {
    const client = await shared.connect();
    const before = await blocked();
    waits.push({ client, reply: client.send(...command.split(' ')) });
    await waiting(before + 1);
  }
  return waits;
}

const repliesOf = (waits: { reply: Promise<unknown> }[]) => Promise.all(waits.map(({ reply }) => reply));

describe('what is there', () => {
  test('is taken at once, from the first key that has something', async () => {
    const client = await shared.connect();
    await client.send('RPUSH', 'l', 'a', 'b', 'c', 'd', 'e', 'f');
    await client.send('ZADD', 'z', 1, 'm', 2, 'n', 3, 'o', 4, 'p');
    expect(await client.send('BLPOP', 'none', 'l', 0)).toEqual(['l', 'a']);
    expect(await client.send('BRPOP', 'l', 0)).toEqual(['l', 'f']);
    expect(await client.send('BLMOVE', 'l', 'k', 'LEFT', 'RIGHT', 0)).toBe('b');
    expect(await client.send('BRPOPLPUSH', 'l', 'k', 0)).toBe('e');
    expect(await client.send('BLMPOP', 0, 2, 'none', 'l', 'RIGHT', 'COUNT', 5)).toEqual(['l', ['d', 'c']]);
    expect(await client.send('BZPOPMIN', 'none', 'z', 0)).toEqual(['z', 'm', '1']);
    expect(await client.send('BZPOPMAX', 'z', 0)).toEqual(['z', 'p', '4']);
    expect(await client.send('BZMPOP', 0, 1, 'z', 'MAX', 'COUNT', 5)).toEqual([
      'z',
      [
        ['o', '3'],
        ['n', '2'],
      ],
    ]);
    expect(await blocked()).toBe(0);
  });
});

describe('waiting clients', () => {
  const pushes: [string, string, unknown][] = [
    ['BLPOP l 0', 'RPUSH l a b', ['l', 'a']],
    ['BRPOP l 0', 'RPUSH l a b', ['l', 'b']],
    ['BLMOVE l k LEFT LEFT 0', 'RPUSH l a b', 'a'],
    ['BRPOPLPUSH l k 0', 'RPUSH l a b', 'b'],
    ['BLMPOP 0 2 none l RIGHT COUNT 9', 'RPUSH l a b', ['l', ['b', 'a']]],
    ['BZPOPMIN z 0', 'ZADD z 1 a 2 b', ['z', 'a', '1']],
    ['BZPOPMAX z 0', 'ZADD z 1 a 2 b', ['z', 'b', '2']],
    ['BZMPOP 0 1 z MIN COUNT 9', 'ZADD z 1 a', ['z', [['a', '1']]]],
    ['BLPOP l 0', 'LMOVE source l LEFT LEFT', ['l', 'x']],
    ['BLPOP l 0', 'RENAME source l', ['l', 'x']],
    ['BLPOP l 0', 'COPY source l', ['l', 'x']],
    ['BZPOPMIN z 0', 'ZRANGESTORE z zsource 0 -1', ['z', 'm', '5']],
    ['BZPOPMIN z 0', 'ZUNIONSTORE z 1 zsource', ['z', 'm', '5']],
    ['BZPOPMIN z 0', 'ZINCRBY z 3 m', ['z', 'm', '3']],
  ];
  test.each(pushes)('%s is answered by %s', async (blocking, push, expected) => {
    const pusher = await shared.connect();
    await pusher.send('RPUSH', 'source', 'x');
    await pusher.send('ZADD', 'zsource', 5, 'm');
    const [waiter] = await wait(blocking);
    expect(await pusher.send(...push.split(' '))).not.toBeInstanceOf(Error);
    expect(await waiter?.reply).toEqual(expected);
  });

  test('are served in the order in which they began to wait, one element each', async () => {
    const pusher = await shared.connect();
    const waits = await wait('BLPOP l 0', 'BRPOP l 0', 'BLMPOP 0 1 l LEFT COUNT 2', 'BLPOP l 0');
    expect(await pusher.send('RPUSH', 'l', 'a', 'b', 'c', 'd')).toBe(4);
    await waiting(1);
    expect(await repliesOf(waits.slice(0, 3))).toEqual([
      ['l', 'a'],
      ['l', 'd'],
      ['l', ['b', 'c']],
    ]);
    expect(await pusher.send('EXISTS', 'l')).toBe(0);
    expect(String(await pusher.send('INFO', 'clients'))).toContain('blocked_clients:1\r\n');
    await pusher.send('LPUSH', 'l', 'e');
    expect(await waits[3]?.reply).toEqual(['l', 'e']);
    expect(String(await pusher.send('INFO', 'clients'))).toContain('blocked_clients:0\r\n');
  });

  test('of several keys are served once, and keep their place at each', async () => {
    const pusher = await shared.connect();
    const waits = await wait('BLPOP a b 0', 'BLPOP b 0', 'BLPOP a 0');
    await pusher.send('RPUSH', 'b', 1);
    expect(await waits[0]?.reply).toEqual(['b', '1']);
    await pusher.send('RPUSH', 'a', 2);
    await pusher.send('RPUSH', 'b', 3);
    expect(await repliesOf(waits)).toEqual([
      ['b', '1'],
      ['b', '3'],
      ['a', '2'],
    ]);
    expect(await pusher.send('DBSIZE')).toBe(0);
  });

  test("for the same key under two types do not get in each other's way", async () => {
    const pusher = await shared.connect();
    const waits = await wait('BLPOP k 0', 'BZPOPMIN k 0');
    await pusher.send('ZADD', 'k', 1, 'm');
    expect(await waits[1]?.reply).toEqual(['k', 'm', '1']);
    await pusher.send('SET', 'k', 'text');
    expect(await pusher.error('LPUSH', 'k', 'a')).toMatch(/^WRONGTYPE/);
    await pusher.send('DEL', 'k');
    await pusher.send('LPUSH', 'k', 'a');
    expect(await waits[0]?.reply).toEqual(['k', 'a']);
  });

  test('serve each other: what one moves another takes', async () => {
    const pusher = await shared.connect();
    const waits = await wait('BLPOP c 0', 'BLMOVE b c LEFT LEFT 0', 'BRPOPLPUSH a b 0');
    expect(await pusher.send('RPUSH', 'a', 'x')).toBe(1);
    expect(await repliesOf(waits)).toEqual([['c', 'x'], 'x', 'x']);
    expect(await pusher.send('DBSIZE')).toBe(0);
  });

  test('whose target holds another type get the error, and the next one gets the element', async () => {
    const pusher = await shared.connect();
    await pusher.send('SET', 'text', 'x');
    const waits = await wait('BLMOVE l text LEFT LEFT 0', 'BLPOP l 0');
    await pusher.send('RPUSH', 'l', 'a');
    const [error, popped] = await repliesOf(waits);
    expect((error as Error).message).toBe(
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    );
    expect(popped).toEqual(['l', 'a']);
  });

  test('get bytes as they are', async () => {
    const [client, pusher] = [await shared.connect(), await shared.connect()];
    const key = Buffer.from([0xff, 0, 0x0d, 0x0a]);
    const element = Buffer.from([0, 0xfe, 0x0a]);
    const reply = client.send('BLPOP', key, 0);
    await waiting(1);
    await pusher.send('RPUSH', key, element);
    expect(await reply).toEqual([key, element]);
  });

  test('have their next commands wait, a megabyte of them too', async () => {
    const [client, pusher] = [await shared.connect(), await shared.connect()];
    const popped = client.send('BLPOP', 'l', 0);
    await waiting(1);
    const value = 'v'.repeat(1000);
    const sets = Array.from({ length: 3000 }, (_, i) => client.send('SET', `k${i}`, value));
    expect(await pusher.send('DBSIZE')).toBe(0);
    await pusher.send('RPUSH', 'l', 'a');
    expect(await popped).toEqual(['l', 'a']);
    expect(new Set(await Promise.all(sets))).toEqual(new Set(['OK']));
    expect(await pusher.send('DBSIZE')).toBe(3000);
  });
});

describe('the one who pushes', () => {
  test('counts its elements before they are taken, and finds them gone in its next command', async () => {
    const pusher = await shared.connect();
    const [waiter] = await wait('BLPOP l 0');
    pusher.socket.write(Buffer.concat([encode(['RPUSH', 'l', 'a', 'b']), encode(['LLEN', 'l'])]));
    expect(await Promise.all([pusher.reply(), pusher.reply()])).toEqual([2, 1]);
    expect(await waiter?.reply).toEqual(['l', 'a']);
  });

  test('serves nobody before the end of EXEC', async () => {
    const pusher = await shared.connect();
    const waits = await wait('BLPOP l 0', 'BLPOP l m 0');
    await pusher.send('MULTI');
    await pusher.send('LPUSH', 'l', 'a');
    await pusher.send('LPUSH', 'l', 'b');
    await pusher.send('LLEN', 'l');
    await pusher.send('RPUSH', 'm', 'c');
    expect(await pusher.send('EXEC')).toEqual([1, 2, 2, 1]);
    expect(await repliesOf(waits)).toEqual([
      ['l', 'b'],
      ['l', 'a'],
    ]);
    expect(await pusher.send('LRANGE', 'm', 0, -1)).toEqual(['c']);
  });

  test('may take back inside EXEC what it pushed', async () => {
    const pusher = await shared.connect();
    const [waiter] = await wait('BLPOP l 0');
    await pusher.send('MULTI');
    await pusher.send('LPUSH', 'l', 'a');
    await pusher.send('DEL', 'l');
    expect(await pusher.send('EXEC')).toEqual([1, 1]);
    expect(await blocked()).toBe(1);
    await pusher.send('LPUSH', 'l', 'b');
    expect(await waiter?.reply).toEqual(['l', 'b']);
  });
});

describe('time', () => {
  const blocking = [
    'BLPOP k 0.01',
    'BRPOP k j 0.01',
    'BLMOVE k j LEFT LEFT 0.01',
    'BRPOPLPUSH k j 0.01',
    'BLMPOP 0.01 1 k LEFT',
    'BZPOPMIN k 0.01',
    'BZPOPMAX k 0.01',
    'BZMPOP 0.01 1 k MIN',
  ];
  test.each(blocking)('%s answers the null array when its time is over', async (command) => {
    const client = await shared.connectTyped();
    const raw = new Promise((resolve) => client.socket.once('data', (data) => resolve(String(data))));
    expect(await client.send(...command.split(' '))).toBe(null);
    expect(await raw).toBe('*-1\r\n');
    await client.send('HELLO', 3);
    expect(await client.send(...command.split(' '))).toBe('_');
    expect(await blocked()).toBe(0);
  });

  test('nothing waits inside EXEC', async () => {
    const client = await shared.connectTyped();
    await client.send('MULTI');
    for (const command of blocking) await client.send(...command.replace('0.01', '0').split(' '));
    const raw = new Promise((resolve) => client.socket.once('data', (data) => resolve(String(data))));
    await client.send('EXEC');
    // Moving answers the null of a bulk string there, as in Redis.
    expect(await raw).toBe('*8\r\n*-1\r\n*-1\r\n$-1\r\n$-1\r\n*-1\r\n*-1\r\n*-1\r\n*-1\r\n');
  });

  test('a timeout of more than a timer takes is not over at once', async () => {
    const [waiter] = await wait('BLPOP k 3000000');
    const client = await shared.connect();
    expect(await client.send('BLPOP', 'other', 0.05)).toBe(null);
    expect(await blocked()).toBe(1);
    await client.send('RPUSH', 'k', 'a');
    expect(await waiter?.reply).toEqual(['k', 'a']);
  });

  const errors: [string, string][] = [
    ['x', 'ERR timeout is not a float or out of range'],
    ['nan', 'ERR timeout is not a float or out of range'],
    ['', 'ERR timeout is not a float or out of range'],
    ['-0.1', 'ERR timeout is negative'],
    ['1e300', 'ERR timeout is negative'],
  ];
  test.each(errors)('a timeout of "%s" is refused', async (timeout, error) => {
    const client = await shared.connect();
    expect(await client.error('BLPOP', 'k', timeout)).toBe(error);
    expect(await client.error('BLMOVE', 'k', 'j', 'LEFT', 'LEFT', timeout)).toBe(error);
    expect(await client.error('BZMPOP', timeout, 1, 'k', 'MIN')).toBe(error);
  });
});

describe('a client that goes away', () => {
  test.each(['closes', 'hangs up its side'])('takes nothing any more once it %s', async (how) => {
    const pusher = await shared.connect();
    const [gone, next] = await wait('BLPOP l 0', 'BLPOP l 0');
    gone?.reply.catch(() => {});
    if (how === 'closes') gone?.client.close();
    else gone?.client.socket.end();
    await waiting(1);
    await pusher.send('RPUSH', 'l', 'a', 'b');
    expect(await next?.reply).toEqual(['l', 'a']);
    expect(await pusher.send('LRANGE', 'l', 0, -1)).toEqual(['b']);
  });

  test('is noticed behind commands that it has sent and that wait', async () => {
    const [gone] = await wait('BLPOP l 0');
    gone?.reply.catch(() => {});
    gone?.client.socket.write(Buffer.concat(Array.from({ length: 1000 }, () => encode(['SET', 'n', 1]))));
    gone?.client.socket.end();
    await waiting(0);
    expect(shared.node.context.keyspace.size).toBe(0);
  });

  test('takes nothing when it is killed in the EXEC that pushes', async () => {
    const pusher = await shared.connect();
    const killed = await shared.connect();
    const id = (await killed.send('CLIENT', 'ID')) as number;
    killed.send('BLPOP', 'l', 0).catch(() => {});
    await waiting(1);
    await pusher.send('MULTI');
    await pusher.send('CLIENT', 'KILL', 'ID', id);
    await pusher.send('RPUSH', 'l', 'a');
    expect(await pusher.send('EXEC')).toEqual([1, 1]);
    expect(await pusher.send('LRANGE', 'l', 0, -1)).toEqual(['a']);
    await waiting(0);
  });
});

describe('CLIENT UNBLOCK', () => {
  test('ends a wait as if its time was over, or with an error', async () => {
    const other = await shared.connect();
    const client = await shared.connect();
    const id = (await client.send('CLIENT', 'ID')) as number;
    expect(await other.send('CLIENT', 'UNBLOCK', id)).toBe(0);
    for (const reason of [[], ['TIMEOUT'], ['error']]) {
      const reply = client.send('BZPOPMIN', 'z', 0);
      await waiting(1);
      expect(String(await other.send('CLIENT', 'LIST', 'ID', id))).toContain(' flags=b ');
      expect(await other.send('CLIENT', 'UNBLOCK', id, ...reason)).toBe(1);
      const got = await reply;
      expect(got instanceof Error ? got.message : got).toBe(
        reason[0] === 'error' ? 'UNBLOCKED client unblocked via CLIENT UNBLOCK' : null,
      );
      expect(await client.send('PING')).toBe('PONG');
    }
    await other.send('ZADD', 'z', 1, 'm');
    expect(await other.send('ZCARD', 'z')).toBe(1);
  });

  test('refuses what is no id or no reason', async () => {
    const client = await shared.connect();
    expect(await client.error('CLIENT', 'UNBLOCK', 'x')).toBe('ERR value is not an integer or out of range');
    expect(await client.error('CLIENT', 'UNBLOCK', 1, 'NOW')).toBe(
      'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR',
    );
    expect(await client.error('CLIENT', 'UNBLOCK')).toBe(
      "ERR wrong number of arguments for 'client|unblock' command",
    );
  });
});
