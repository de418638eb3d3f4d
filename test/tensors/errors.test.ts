import { beforeEach, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import type { Parsed, RespClient } from '../support/resp-client.ts';
import { floats } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

const INVALID_VALUE = 'ERR invalid value';
const INVALID_SHAPE = 'ERR invalid or negative value found in tensor shape';
const DATA_LENGTH = 'ERR data length does not match tensor shape and type';
const SINGLE_BLOB =
  "ERR a single binary string should come after the BLOB argument in 'AI.TENSORSET' command";
const VALUE_COUNT = "ERR wrong number of values was given in 'AI.TENSORSET' command";
const STRING_COUNT = 'ERR Number of string elements in data blob does not match tensor length';
const NULL_CHARACTER = 'ERR C-string value contains null character';
const DATA_TYPE = 'ERR invalid data type';
const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

const shared = useSharedNode();
let client: RespClient;
beforeEach(async () => {
  client = await shared.connect();
});

describe('AI.TENSORSET', () => {
  const refused: [(string | number | Uint8Array)[], string][] = [
    [['FLOTA', 2], DATA_TYPE],
    [['', 2], DATA_TYPE],
    [['FLOAT ', 2], DATA_TYPE],
    [['FLOAT', -2], INVALID_SHAPE],
    [['FLOAT', 0], INVALID_SHAPE],
    [['FLOAT', 'x'], INVALID_SHAPE],
    [['FLOAT', '1.5'], INVALID_SHAPE],
    [['FLOAT', '+1'], INVALID_SHAPE],
    [['FLOAT', 2, 0], INVALID_SHAPE],
    [['FLOAT', 2, 'WORDS', 1, 2], INVALID_SHAPE],
    [['FLOAT', '99999999999999999999'], INVALID_SHAPE],
    [['FLOAT', 2 ** 30, 2 ** 30], INVALID_SHAPE],
    [['FLOAT', 'VALUES', 1], INVALID_SHAPE],
    [['FLOAT', 'BLOB', floats(1)], INVALID_SHAPE],
    [['FLOAT', 3, 'BLOB', floats(1, 2)], DATA_LENGTH],
    [['FLOAT', 1, 'BLOB', floats(1, 2)], DATA_LENGTH],
    [['INT8', 1, 'BLOB', ''], DATA_LENGTH],
    [['DOUBLE', 2 ** 39, 'BLOB', floats(1)], DATA_LENGTH],
    [['FLOAT', 2, 'BLOB'], SINGLE_BLOB],
    [['FLOAT', 2, 'BLOB', floats(1, 2), floats(1)], SINGLE_BLOB],
    [['FLOAT', 2, 'BLOB', floats(1, 2), 'VALUES', 1, 2], SINGLE_BLOB],
    [['FLOAT', 2, 'VALUES'], VALUE_COUNT],
    [['FLOAT', 2, 'VALUES', 1], VALUE_COUNT],
    [['FLOAT', 2, 'VALUES', 1, 2, 3], VALUE_COUNT],
    [['FLOAT', 2 ** 40, 'VALUES', 1], VALUE_COUNT],
    [['STRING', 2, 'VALUES', 'a'], VALUE_COUNT],
    [['FLOAT', 2, 'VALUES', 1, 'x'], INVALID_VALUE],
    [['STRING', 2, 'BLOB', Buffer.from('a\0bb')], STRING_COUNT],
    [['STRING', 3, 'BLOB', Buffer.from('a\0bb\0')], STRING_COUNT],
    [['STRING', 1, 'BLOB', Buffer.from('a\0bb\0')], STRING_COUNT],
    [['STRING', 1, 'BLOB', ''], STRING_COUNT],
    [['STRING', 1, 'VALUES', Buffer.from('a\0b')], NULL_CHARACTER],
    [['STRING', 2, 'VALUES', 'a', Buffer.from('\0')], NULL_CHARACTER],
    [['DOUBLE', 2 ** 40], "OOM command not allowed when used memory > 'maxmemory'."],
  ];
  test.each(refused)('%j is refused: %s', async (args, message) => {
    await client.send('AI.TENSORSET', 't', 'INT8', 1, 'VALUES', 42);
    expect(await client.error('AI.TENSORSET', 't', ...args)).toBe(message);
    expect(await client.error('AI.TENSORSET', 'none', ...args)).toBe(message);
    expect(await client.send('AI.TENSORGET', 't', 'VALUES')).toEqual([42]);
    expect(await client.send('EXISTS', 'none')).toBe(0);
  });

  const values: [string, string[]][] = [
    ['INT8', ['-129', '128', '1.0', '', ' 1', '1 ', '+1', '01', '-0', '0x1', 'one', '1e1']],
    ['INT16', ['-32769', '32768']],
    ['INT32', ['-2147483649', '2147483648']],
    ['INT64', ['-9223372036854775809', '9223372036854775808', '99999999999999999999']],
    ['UINT8', ['-1', '256']],
    ['UINT16', ['-1', '65536']],
    ['BOOL', ['-1', '2', 'true']],
    [
      'FLOAT',
      ['nan', 'NaN', '-nan', '', ' 1', '1 ', '1e', '.', 'e1', '1e400', '3.5e38', '-3.5e38', '1,5', '1_0'],
    ],
    ['DOUBLE', ['nan', '', '1e309', '-1e309', '--1', '1e1.5', 'infinite', '1e-400']],
  ];
  const single = values.flatMap(([dtype, texts]) => texts.map((text) => [dtype, text] as const));
  test.each(single)('%s takes no %j', async (dtype, text) => {
    expect(await client.error('AI.TENSORSET', 't', dtype, 1, 'VALUES', text)).toBe(INVALID_VALUE);
    expect(await client.send('EXISTS', 't')).toBe(0);
  });

  test.each([[[]], [['t']], [['t', 'FLOAT']]])('with only %j is an arity error', async (args) => {
    expect(await client.error('AI.TENSORSET', ...args)).toBe(
      "ERR wrong number of arguments for 'ai.tensorset' command",
    );
  });

  test('does not replace a value of another type', async () => {
    await client.send('SET', 's', 'v');
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    for (const key of ['s', 'm']) {
      expect(await client.error('AI.TENSORSET', key, 'FLOAT', 1, 'VALUES', 1)).toBe(WRONG_TYPE);
    }
    expect([await client.send('TYPE', 's'), await client.send('TYPE', 'm')]).toEqual(['string', 'AI__MODEL']);
  });

  test('is refused while more than maxmemory is used', async () => {
    await client.send('AI.TENSORSET', 't', 'UINT8', 1000);
    await client.send('CONFIG', 'SET', 'maxmemory', 100);
    try {
      expect(await client.error('AI.TENSORSET', 'u', 'UINT8', 1)).toBe(
        "OOM command not allowed when used memory > 'maxmemory'.",
      );
      expect(await client.send('AI.TENSORGET', 't', 'META')).toEqual(['dtype', 'UINT8', 'shape', [1000]]);
      await client.send('DEL', 't');
      expect(await client.send('AI.TENSORSET', 'u', 'UINT8', 1)).toBe('OK');
    } finally {
      await client.send('CONFIG', 'SET', 'maxmemory', 0);
    }
  });
});

describe('AI.TENSORGET', () => {
  beforeEach(() => client.send('AI.TENSORSET', 't', 'FLOAT', 1));

  test.each([
    [['t', 'BLOB', 'VALUES'], 'ERR both BLOB and VALUES specified'],
    [['t', 'META', 'VALUES', 'BLOB'], 'ERR both BLOB and VALUES specified'],
    [['t', 'BAD'], 'ERR unsupported data format'],
    [['t', 'META', 'BAD'], 'ERR unsupported data format'],
    [['t', ''], 'ERR unsupported data format'],
    [['none'], 'ERR tensor key is empty or in a different shard'],
    [['none', 'BAD'], 'ERR tensor key is empty or in a different shard'],
    [[], "ERR wrong number of arguments for 'ai.tensorget' command"],
  ])('%j is refused: %s', async (args, message) => {
    expect(await client.error('AI.TENSORGET', ...args)).toBe(message);
  });

  test('of a value of another type is refused', async () => {
    await client.send('SET', 's', 'v');
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    for (const key of ['s', 'm']) expect(await client.error('AI.TENSORGET', key)).toBe(WRONG_TYPE);
  });

  test('has no VALUES of a tensor that is larger than a node can write as text, alone or in a DAG', async () => {
    const text = 'ERR the tensor has too many elements for VALUES, get its BLOB';
    const shape = [2, 2 ** 23 + 1];
    await client.send('AI.TENSORSET', 'large', 'UINT8', ...shape);
    expect(await client.error('AI.TENSORGET', 'large', 'VALUES')).toBe(text);
    expect(await client.error('AI.TENSORGET', 'large', 'META', 'VALUES')).toBe(text);
    const dag = await client.send(
      ...['AI.DAGEXECUTE', 'LOAD', 1, 'large', 'PERSIST', 1, 'small', '|>', 'AI.TENSORGET', 'large', 'META'],
      ...['|>', 'AI.TENSORSET', 'small', 'FLOAT', 1, '|>', 'AI.TENSORGET', 'large', 'VALUES'],
    );
    expect((dag as Parsed[]).slice(0, 2)).toEqual([['dtype', 'UINT8', 'shape', shape], 'OK']);
    expect((dag as Error[])[2]?.message).toBe(text);
    expect(await client.send('EXISTS', 'small')).toBe(0);
    expect(await client.send('AI.TENSORGET', 'large', 'META')).toEqual(['dtype', 'UINT8', 'shape', shape]);
    expect(((await client.send('AI.TENSORGET', 'large', 'BLOB')) as string).length).toBe(2 ** 24 + 2);
  });
});
