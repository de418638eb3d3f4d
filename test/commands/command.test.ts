import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

test('COUNT, LIST, INFO without names and COMMAND agree', async () => {
  const all = (await client.send('COMMAND')) as Typed[][];
  const names = all.map(([name]) => name);
  expect(await client.send('COMMAND', 'COUNT')).toBe(`:${all.length}`);
  const listed = ((await client.send('COMMAND', 'LIST')) as string[]).filter((name) => !name.includes('|'));
  expect(listed.sort()).toEqual([...names].sort());
  expect(await client.send('COMMAND', 'INFO')).toEqual(all);
  expect(names).toEqual(expect.arrayContaining(['$get', '$set', '$ai.tensorset', '$command', '$client']));
  expect(new Set(names).size).toBe(names.length);
});

test('every command has ten elements, as Redis 7 has', async () => {
  for (const element of (await client.send('COMMAND')) as Typed[][]) {
    expect(element.length).toBe(10);
    const [name, arity, flags, first, last, step, , , specs] = element;
    expect(name).toMatch(/^\$[a-z0-9._-]+$/);
    for (const number of [arity, first, last, step]) expect(number).toMatch(/^:-?\d+$/);
    expect((flags as string[]).every((flag) => /^\+[a-z_]+$/.test(flag))).toBe(true);
    // A client that routes by the first key needs both or neither.
    expect((specs as Typed[]).length > 0).toBe(
      first !== ':0' || (flags as string[]).includes('+movablekeys'),
    );
  }
});

describe('INFO', () => {
  /** Arity, flags, first key, last key, step: those of Redis 7.0 and RedisAI 1.2. */
  const table: [string, number, string[], number, number, number][] = [
    ['get', 2, ['readonly', 'fast'], 1, 1, 1],
    ['set', -3, ['write', 'denyoom'], 1, 1, 1],
    ['mget', -2, ['readonly', 'fast'], 1, -1, 1],
    ['mset', -3, ['write', 'denyoom'], 1, -1, 2],
    ['del', -2, ['write'], 1, -1, 1],
    ['exists', -2, ['readonly', 'fast'], 1, -1, 1],
    ['rename', 3, ['write'], 1, 2, 1],
    ['copy', -3, ['write', 'denyoom'], 1, 2, 1],
    ['expire', -3, ['write', 'fast'], 1, 1, 1],
    ['ttl', 2, ['readonly', 'fast'], 1, 1, 1],
    ['ping', -1, ['fast'], 0, 0, 0],
  ];
  test.each(table)('%s', async (name, arity, flags, first, last, step) => {
    const [info] = (await client.send('COMMAND', 'INFO', name.toUpperCase())) as Typed[][];
    expect(info?.slice(0, 6)).toEqual([
      `$${name}`,
      `:${arity}`,
      flags.map((flag) => `+${flag}`),
      ...[first, last, step].map((position) => `:${position}`),
    ]);
  });

  test('an unknown name is null in its place', async () => {
    const reply = (await client.send('COMMAND', 'INFO', 'nosuch', 'get', 'nor this')) as Typed[];
    expect([reply[0], (reply[1] as Typed[])[0], reply[2]]).toEqual([null, '$get', null]);
  });
});

describe('DOCS', () => {
  test('are a map of maps, unknown names left out', async () => {
    await client.send('HELLO', 3);
    const reply = await client.send('COMMAND', 'DOCS', 'get', 'nosuch', 'AI.TENSORSET');
    const { map } = reply as { map: [Typed, { map: [Typed, Typed][] }][] };
    expect(map.map(([name]) => name)).toEqual(['$get', '$ai.tensorset']);
    const [, docs] = map[0] as [Typed, { map: [Typed, Typed][] }];
    expect(docs.map.map(([field]) => field)).toEqual(
      expect.arrayContaining(['$summary', '$since', '$group']),
    );
    expect(new Map(docs.map as [string, Typed][]).get('$group')).toBe('$string');
    expect(new Map(map[1]?.[1].map as [string, Typed][]).get('$group')).toBe('$module');
  });

  test('without names are those of all commands', async () => {
    const reply = (await client.send('COMMAND', 'DOCS')) as Typed[];
    expect(`:${reply.length / 2}`).toBe(await client.send('COMMAND', 'COUNT'));
    expect(await client.send('COMMAND', 'DOCS', 'nosuch')).toEqual([]);
  });
});

describe('GETKEYS', () => {
  const execute = ['AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'a', 'b', 'OUTPUTS'];
  test.each([
    [['GET', 'k'], ['k']],
    [['set', 'k', 'v', 'EX', '10'], ['k']],
    [
      ['MGET', 'a', 'b', 'a'],
      ['a', 'b', 'a'],
    ],
    [
      ['MSET', 'a', '1', 'b', '2'],
      ['a', 'b'],
    ],
    [
      ['DEL', 'a', 'b', 'c'],
      ['a', 'b', 'c'],
    ],
    [
      ['RENAME', 'a', 'b'],
      ['a', 'b'],
    ],
    [
      ['COPY', 'a', 'b', 'REPLACE'],
      ['a', 'b'],
    ],
    [['AI.TENSORSET', 't', 'FLOAT', '1', 'VALUES', '1'], ['t']],
    [['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', 'x'], ['m']],
    [
      [...execute, '1', 'c'],
      ['m', 'a', 'b', 'c'],
    ],
    [
      [...execute, '2', 'c', 'd', 'TIMEOUT', '10'],
      ['m', 'a', 'b', 'c', 'd'],
    ],
    [
      ['ai.modelexecute', 'm', 'inputs', '1', 'OUTPUTS', 'outputs', '1', 'INPUTS'],
      ['m', 'OUTPUTS', 'INPUTS'],
    ],
    [
      ['AI.MODELEXECUTE', 'm', 'INPUTS', '99', 'a', 'b', 'c', 'd'],
      ['m', 'a', 'b', 'c', 'd'],
    ],
    [['AI.MODELEXECUTE', 'm', 'INPUTS', 'x', 'a', 'b', 'c', 'd'], ['m']],
  ])('of %j are %j', async (command, keys) => {
    expect(await client.send('COMMAND', 'GETKEYS', ...command)).toEqual(keys.map((key) => `$${key}`));
  });

  test('are bytes', async () => {
    const key = Buffer.from([0xff, 0x00, 0xc3]);
    expect(await client.send('COMMAND', 'GETKEYS', 'SET', key, 'v')).toEqual([`$${key.toString('latin1')}`]);
  });

  test.each([
    [['nosuch', 'x'], '-ERR Invalid command specified'],
    [['GET', 'a', 'b'], '-ERR Invalid number of arguments specified for command'],
    [['PING', 'x'], '-ERR The command has no key arguments'],
  ])('%j is refused: %s', async (command, reply) => {
    expect(await client.send('COMMAND', 'GETKEYS', ...command)).toBe(reply);
  });
});

test('an unknown subcommand is named', async () => {
  expect(await client.send('COMMAND', 'Foo')).toBe("-ERR unknown subcommand 'Foo'. Try COMMAND HELP.");
});
