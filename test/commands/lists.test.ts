import { describe, expect, test } from 'vitest';
import { onRedis } from '../support/engine.ts';
import { useSharedNode } from '../support/shared-node.ts';

const WRONGTYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const shared = useSharedNode();

describe('pushing and popping', () => {
  test('elements come out of the end they are asked from', async () => {
    const client = await shared.connect();
    expect(await client.send('RPUSH', 'l', 'b', 'c')).toBe(2);
    expect(await client.send('LPUSH', 'l', 'a', 'z')).toBe(4);
    expect(await client.send('LRANGE', 'l', 0, -1)).toEqual(['z', 'a', 'b', 'c']);
    expect(await client.send('LPOP', 'l')).toBe('z');
    expect(await client.send('RPOP', 'l')).toBe('c');
    expect(await client.send('RPOP', 'l', 5)).toEqual(['b', 'a']);
    expect(await client.send('EXISTS', 'l')).toBe(0);
  });

  test('the X forms push only onto a list that is there', async () => {
    const client = await shared.connect();
    expect(await client.send('LPUSHX', 'l', 'a')).toBe(0);
    expect(await client.send('RPUSHX', 'l', 'a')).toBe(0);
    expect(await client.send('EXISTS', 'l')).toBe(0);
    await client.send('RPUSH', 'l', 'm');
    expect(await client.send('LPUSHX', 'l', 'b', 'a')).toBe(3);
    expect(await client.send('RPUSHX', 'l', 'y', 'z')).toBe(5);
    expect(await client.send('LRANGE', 'l', 0, -1)).toEqual(['a', 'b', 'm', 'y', 'z']);
  });

  test('elements are bytes, whatever they are, empty and large ones too', async () => {
    const client = await shared.connect();
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const large = Buffer.alloc(100_000, every);
    await client.send('RPUSH', 'l', every, '', large, '\r\n');
    expect(await client.send('LRANGE', 'l', 0, -1)).toEqual([every, '', large, '\r\n']);
    expect(await client.send('LPOS', 'l', every)).toBe(0);
    expect(await client.send('LINSERT', 'l', 'AFTER', large, every)).toBe(5);
    expect(await client.send('LREM', 'l', 0, every)).toBe(2);
    expect(await client.send('LMOVE', 'l', 'm', 'RIGHT', 'LEFT')).toBe('\r\n');
    expect(await client.send('RPOP', 'l')).toEqual(large);
  });

  test('LMPOP takes from the first list that has elements', async () => {
    const client = await shared.connect();
    await client.send('RPUSH', 'b', 1, 2, 3);
    expect(await client.send('LMPOP', 3, 'a', 'b', 'c', 'RIGHT', 'COUNT', 2)).toEqual(['b', ['3', '2']]);
    expect(await client.send('LMPOP', 1, 'b', 'LEFT')).toEqual(['b', ['1']]);
    expect(await client.send('LMPOP', 1, 'b', 'LEFT')).toBe(null);
  });

  test('nothing is told from no array: RESP2 has a null for each, RESP3 one', async () => {
    const client = await shared.connectTyped();
    const nothing: [string, ...(string | number)[]][] = [
      ['LPOP', 'none', 1],
      ['LMPOP', 1, 'none', 'LEFT'],
    ];
    for (const command of nothing) {
      client.socket.write(`${command.join(' ')}\r\nLPOP none\r\n`);
      expect(await client.replies(2)).toEqual([null, null]);
    }
    const raw = new Promise<string>((resolve) => {
      client.socket.once('data', (data) => resolve(data.toString('latin1')));
    });
    client.socket.write('LPOP none 1\r\nLPOP none\r\n');
    expect(await raw).toBe('*-1\r\n$-1\r\n');
    await client.replies(2);
    await client.send('HELLO', 3);
    for (const command of nothing) expect(await client.send(...command)).toBe('_');
  });
});

describe('positions', () => {
  test('LINDEX, LSET and LRANGE count from either end', async () => {
    const client = await shared.connect();
    await client.send('RPUSH', 'l', 'a', 'b', 'c', 'd');
    expect(await client.send('LINDEX', 'l', 1)).toBe('b');
    expect(await client.send('LINDEX', 'l', -1)).toBe('d');
    expect(await client.send('LINDEX', 'l', 4)).toBe(null);
    expect(await client.send('LINDEX', 'l', '-9223372036854775808')).toBe(null);
    expect(await client.send('LSET', 'l', -2, 'C')).toBe('OK');
    expect(await client.send('LRANGE', 'l', -3, '9223372036854775807')).toEqual(['b', 'C', 'd']);
    expect(await client.send('LRANGE', 'l', 3, 2)).toEqual([]);
    expect(await client.error('LSET', 'l', 4, 'x')).toBe('ERR index out of range');
    expect(await client.error('LSET', 'none', 0, 'x')).toBe('ERR no such key');
    expect(await client.error('LRANGE', 'l', 0, '9223372036854775808')).toBe(
      'ERR value is not an integer or out of range',
    );
  });

  test('LTRIM keeps a range, and no key where that is empty', async () => {
    const client = await shared.connect();
    await client.send('RPUSH', 'l', 'a', 'b', 'c', 'd');
    expect(await client.send('LTRIM', 'l', 1, -2)).toBe('OK');
    expect(await client.send('LRANGE', 'l', 0, -1)).toEqual(['b', 'c']);
    expect(await client.send('LTRIM', 'l', 5, 9)).toBe('OK');
    expect(await client.send('EXISTS', 'l')).toBe(0);
    expect(await client.send('LTRIM', 'none', 0, 1)).toBe('OK');
  });

  test('LINSERT, LREM and LPOS find elements by their bytes', async () => {
    const client = await shared.connect();
    await client.send('RPUSH', 'l', 'a', 'b', 'a', 'c', 'a');
    expect(await client.send('LPOS', 'l', 'a', 'RANK', 2)).toBe(2);
    expect(await client.send('LPOS', 'l', 'a', 'RANK', -1, 'COUNT', 0)).toEqual([4, 2, 0]);
    expect(await client.send('LPOS', 'l', 'a', 'COUNT', 0, 'MAXLEN', 3)).toEqual([0, 2]);
    expect(await client.send('LPOS', 'l', 'z')).toBe(null);
    expect(await client.send('LINSERT', 'l', 'before', 'c', 'B')).toBe(6);
    expect(await client.send('LINSERT', 'l', 'AFTER', 'none', 'B')).toBe(-1);
    expect(await client.send('LINSERT', 'none', 'AFTER', 'a', 'B')).toBe(0);
    expect(await client.send('LREM', 'l', -2, 'a')).toBe(2);
    expect(await client.send('LRANGE', 'l', 0, -1)).toEqual(['a', 'b', 'B', 'c']);
    expect(await client.error('LPOS', 'l', 'a', 'RANK', 0)).toBe(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
    );
  });

  test('a list of a hundred thousand is right in its middle', async () => {
    const client = await shared.connect();
    for (let i = 0; i < 200; i++) {
      await client.send('RPUSH', 'l', ...Array.from({ length: 500 }, (_, j) => i * 500 + j));
    }
    expect(await client.send('LINSERT', 'l', 'BEFORE', 50_000, 'x')).toBe(100_001);
    expect(await client.send('LRANGE', 'l', 49_999, 50_001)).toEqual(['49999', 'x', '50000']);
    expect(await client.send('LREM', 'l', 1, 'x')).toBe(1);
    expect(await client.send('LTRIM', 'l', 25_000, 74_999)).toBe('OK');
    expect(await client.send('LLEN', 'l')).toBe(50_000);
    expect(await client.send('LINDEX', 'l', 25_000)).toBe('50000');
  });
});

describe('moving', () => {
  test('between lists and within one', async () => {
    const client = await shared.connect();
    await client.send('RPUSH', 'a', 1, 2, 3);
    expect(await client.send('RPOPLPUSH', 'a', 'b')).toBe('3');
    expect(await client.send('LMOVE', 'a', 'b', 'LEFT', 'RIGHT')).toBe('1');
    expect(await client.send('LRANGE', 'b', 0, -1)).toEqual(['3', '1']);
    expect(await client.send('LMOVE', 'b', 'b', 'left', 'right')).toBe('3');
    expect(await client.send('LRANGE', 'b', 0, -1)).toEqual(['1', '3']);
    expect(await client.send('LMOVE', 'none', 'b', 'LEFT', 'LEFT')).toBe(null);
    expect(await client.send('RPOPLPUSH', 'a', 'b')).toBe('2');
    expect(await client.send('EXISTS', 'a')).toBe(0);
  });

  test('a target of another type leaves the source as it was', async () => {
    const client = await shared.connectTyped();
    await client.send('RPUSH', 'a', 1);
    await client.send('SET', 's', 'x');
    expect(await client.send('LMOVE', 'a', 's', 'LEFT', 'LEFT')).toBe(WRONGTYPE);
    expect(await client.send('LRANGE', 'a', 0, -1)).toEqual(['$1']);
  });
});

test('every list command refuses a key of another type', async () => {
  const client = await shared.connectTyped();
  await client.send('SET', 's', 'x');
  const commands = [
    'LPUSH s a',
    'RPUSH s a',
    'LPUSHX s a',
    'RPUSHX s a',
    'LPOP s',
    'RPOP s 2',
    'LLEN s',
    'LRANGE s 0 1',
    'LINDEX s 0',
    'LSET s 0 a',
    'LINSERT s BEFORE a b',
    'LREM s 0 a',
    'LTRIM s 0 1',
    'LPOS s a',
    'LMOVE s d LEFT LEFT',
    'RPOPLPUSH s d',
    'LMPOP 1 s LEFT',
    'BLPOP s 0',
    'BRPOP s 0',
    'BLMOVE s d LEFT LEFT 0',
    'BRPOPLPUSH s d 0',
    'BLMPOP 0 1 s LEFT',
  ];
  for (const command of commands)
    expect([command, await client.send(...command.split(' '))]).toEqual([command, WRONGTYPE]);
  expect(await client.send('GET', 's')).toBe('$x');
});

test.skipIf(onRedis('the memory is that of Redis'))(
  'a list whose elements come and go gives all memory back',
  async () => {
    const client = await shared.connect();
    const { keyspace } = shared.node.context;
    const start = keyspace.usedBytes;
    await client.send('RPUSH', 'l', ...Array.from({ length: 2000 }, (_, i) => 'x'.repeat(i % 50)));
    const filled = keyspace.usedBytes;
    expect(filled).toBeGreaterThan(start + 2000 * 24);
    await client.send('LSET', 'l', 7, 'y'.repeat(10_000));
    expect(keyspace.usedBytes).toBe(filled + 10_000 - 7);
    await client.send('LINSERT', 'l', 'AFTER', 'xx', 'z'.repeat(100));
    await client.send('LREM', 'l', 0, 'xxx');
    await client.send('LTRIM', 'l', 10, -10);
    const changed = keyspace.usedBytes;
    const elements = (await client.send('LRANGE', 'l', 0, -1)) as string[];
    await client.send('DEL', 'l');
    await client.send('RPUSH', 'l', ...elements);
    // What went through changes was counted like what is made at once.
    expect(keyspace.usedBytes).toBe(changed);
    await client.send('LMOVE', 'l', 'm', 'LEFT', 'LEFT');
    await client.send('COPY', 'l', 'n');
    await client.send('LPOP', 'l', 100_000);
    await client.send('LMPOP', 1, 'n', 'RIGHT', 'COUNT', 100_000);
    await client.send('RPOP', 'm');
    expect(await client.send('DBSIZE')).toBe(0);
    expect(keyspace.usedBytes).toBe(start);
  },
);
