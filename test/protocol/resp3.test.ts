import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

async function clientId(): Promise<Typed> {
  return client.send('CLIENT', 'ID');
}

describe('HELLO', () => {
  test('tells about the server, flat in RESP2 and as a map in RESP3', async () => {
    const id = await clientId();
    const fields = (proto: number): [Typed, Typed][] => [
      ['$server', '$redis'],
      ['$version', '$7.0.15'],
      ['$proto', `:${proto}`],
      ['$id', id],
      ['$mode', '$standalone'],
      ['$role', '$master'],
      ['$modules', expect.any(Array)],
    ];
    expect(await client.send('HELLO')).toEqual(fields(2).flat());
    expect(await client.send('HELLO', 2)).toEqual(fields(2).flat());
    expect(await client.send('HELLO', 3)).toEqual({ map: fields(3) });
    expect(await client.send('HELLO')).toEqual({ map: fields(3) });
    expect(await client.send('HELLO', 2)).toEqual(fields(2).flat());
  });

  test('authenticates and names in one go', async () => {
    const reply = await client.send('HELLO', 3, 'AUTH', 'default', 'any', 'SETNAME', 'worker-1');
    expect(reply).toHaveProperty('map');
    expect(await client.send('CLIENT', 'GETNAME')).toBe('$worker-1');
  });

  test.each([
    [['4'], '-NOPROTO unsupported protocol version'],
    [['1'], '-NOPROTO unsupported protocol version'],
    [['x'], '-ERR Protocol version is not an integer or out of range'],
    [['3.0'], '-ERR Protocol version is not an integer or out of range'],
    [['3', 'FOO'], "-ERR Syntax error in HELLO option 'FOO'"],
    [['3', 'AUTH'], "-ERR Syntax error in HELLO option 'AUTH'"],
    [['3', 'AUTH', 'default'], "-ERR Syntax error in HELLO option 'AUTH'"],
    [['3', 'SETNAME'], "-ERR Syntax error in HELLO option 'SETNAME'"],
    [['3', 'AUTH', 'nobody', 'x'], '-WRONGPASS invalid username-password pair or user is disabled.'],
    [['3', 'SETNAME', 'a b'], '-ERR Client names cannot contain spaces, newlines or special characters.'],
  ])('%j is refused and leaves the protocol as it was', async (args, message) => {
    expect(await client.send('HELLO', ...args)).toBe(message);
    expect(await client.send('GET', 'none')).toBe(null);
  });

  test('RESET goes back to RESP2', async () => {
    await client.send('HELLO', 3, 'SETNAME', 'x');
    expect(await client.send('RESET')).toBe('+RESET');
    expect(await client.send('GET', 'none')).toBe(null);
    expect(await client.send('CLIENT', 'GETNAME')).toBe(null);
  });
});

describe('replies', () => {
  interface Row {
    readonly what: string;
    readonly args: readonly (string | number)[];
    readonly resp2: Typed;
    readonly resp3: Typed;
  }
  const table: Row[] = [
    { what: 'null', args: ['GET', 'none'], resp2: null, resp3: '_' },
    { what: 'null in an array', args: ['MGET', 's', 'none'], resp2: ['$v', null], resp3: ['$v', '_'] },
    {
      what: 'map',
      args: ['CONFIG', 'GET', 'maxmemory'],
      resp2: ['$maxmemory', '$0'],
      resp3: { map: [['$maxmemory', '$0']] },
    },
    { what: 'empty map', args: ['CONFIG', 'GET', 'none'], resp2: [], resp3: { map: [] } },
    { what: 'double', args: ['AI.TENSORGET', 't', 'VALUES'], resp2: ['$0.5', '$-2'], resp3: [',0.5', ',-2'] },
    { what: 'integer', args: ['EXISTS', 's'], resp2: ':1', resp3: ':1' },
    { what: 'bulk string', args: ['ECHO', 'a\r\nb'], resp2: '$a\r\nb', resp3: '$a\r\nb' },
    { what: 'empty bulk string', args: ['ECHO', ''], resp2: '$', resp3: '$' },
    { what: 'simple string', args: ['PING'], resp2: '+PONG', resp3: '+PONG' },
    { what: 'nested array', args: ['SCAN', 0, 'MATCH', 'x'], resp2: ['$0', []], resp3: ['$0', []] },
    { what: 'error', args: ['GET'], ...both("-ERR wrong number of arguments for 'get' command") },
    {
      what: 'verbatim text',
      args: ['INFO', 'cluster'],
      resp2: '$# Cluster\r\ncluster_enabled:0\r\n',
      resp3: '=txt:# Cluster\r\ncluster_enabled:0\r\n',
    },
  ];

  function both(reply: Typed): { resp2: Typed; resp3: Typed } {
    return { resp2: reply, resp3: reply };
  }

  test.each(table)('$what', async ({ args, resp2, resp3 }) => {
    await client.send('SET', 's', 'v');
    await client.send('AI.TENSORSET', 't', 'FLOAT', 2, 'VALUES', '0.5', '-2');
    expect(await client.send(...args)).toEqual(resp2);
    await client.send('HELLO', 3);
    expect(await client.send(...args)).toEqual(resp3);
  });

  test('sets: the flags of a command', async () => {
    const flags = ['+readonly', '+fast'];
    const [resp2] = (await client.send('COMMAND', 'INFO', 'GET')) as Typed[][];
    expect(resp2?.slice(0, 6)).toEqual(['$get', ':2', flags, ':1', ':1', ':1']);
    await client.send('HELLO', 3);
    const [resp3] = (await client.send('COMMAND', 'INFO', 'GET')) as Typed[][];
    expect(resp3?.slice(0, 6)).toEqual(['$get', ':2', { set: flags }, ':1', ':1', ':1']);
  });

  test('the protocol is each connection’s own', async () => {
    const other = await shared.connectTyped();
    await client.send('HELLO', 3);
    expect(await other.send('GET', 'none')).toBe(null);
    expect(await client.send('GET', 'none')).toBe('_');
  });

  test('a line break in an error text does not end the reply', async () => {
    expect(await client.send('EXPIRE', 'k', 1, 'a\r\n+OK\r\nb')).toBe('-ERR Unsupported option a  +OK  b');
    expect(await client.send('PING')).toBe('+PONG');
  });
});
