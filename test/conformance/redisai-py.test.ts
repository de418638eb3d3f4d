import { beforeEach, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { asText, namedValues, plainReply } from '../support/redisai-client.ts';
import { floats } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

const SCRIPT = 'def bar(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n';

const shared = useSharedNode();
let client: TypedClient;

/** redis-py sends every argument as text or bytes, and splits a command name at its spaces. */
function send(...[name, ...args]: (string | number | Uint8Array)[]): Promise<Typed> {
  return client.send(...String(name).split(' '), ...args);
}

beforeEach(async () => {
  client = await shared.connectTyped();
});

async function store(key: string, blob: Uint8Array, ...options: (string | number)[]): Promise<void> {
  const chunk = plainReply(await send('AI.CONFIG GET MODEL_CHUNK_SIZE')) as number;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < blob.length; at += chunk) chunks.push(blob.subarray(at, at + chunk));
  expect(await send('AI.MODELSTORE', key, 'ONNX', 'CPU', ...options, 'BLOB', ...chunks)).toBe('+OK');
}

describe('redisai-py', () => {
  test('asks for the chunk size as one string and needs an integer', async () => {
    expect(await send('AI.CONFIG GET MODEL_CHUNK_SIZE')).toBe(':535822336');
    expect(await send('AI.CONFIG', 'MODEL_CHUNK_SIZE', 512 * 1024 * 1024)).toBe('+OK');
    expect(await send('AI.CONFIG GET MODEL_CHUNK_SIZE')).toBe(':536870912');
    expect(await send('AI.CONFIG', 'MODEL_CHUNK_SIZE', 535_822_336)).toBe('+OK');
  });

  test('tensorset from a list and from an array, tensorget as values, as an array, as metadata', async () => {
    expect(await send('AI.TENSORSET', 'x', 'FLOAT', 2, 2, 'VALUES', '2.0', '3.5', '-1.0', '0.0')).toBe('+OK');
    expect(namedValues(await send('AI.TENSORGET', 'x', 'META', 'VALUES'))).toEqual({
      ...{ dtype: 'FLOAT', shape: [2, 2], values: ['2', '3.5', '-1', '0'] },
    });
    expect(namedValues(await send('AI.TENSORGET', 'x', 'META', 'BLOB'))).toEqual({
      ...{ dtype: 'FLOAT', shape: [2, 2], blob: asText(floats(2, 3.5, -1, 0)) },
    });
    expect(namedValues(await send('AI.TENSORGET', 'x', 'META'))).toEqual({ dtype: 'FLOAT', shape: [2, 2] });
    const bytes = new Uint8Array(new BigInt64Array([1n, -2n]).buffer);
    expect(await send('AI.TENSORSET', 'n', 'INT64', 2, 'BLOB', bytes)).toBe('+OK');
    expect(namedValues(await send('AI.TENSORGET', 'n', 'META', 'VALUES'))).toEqual({
      ...{ dtype: 'INT64', shape: [2], values: [1, -2] },
    });
    expect(await send('AI.TENSORSET', 's', 'STRING', 2, 'BLOB', Buffer.from('hello\0world\0'))).toBe('+OK');
    expect(namedValues(await send('AI.TENSORGET', 's', 'META', 'VALUES'))).toEqual({
      ...{ dtype: 'STRING', shape: [2], values: ['hello', 'world'] },
    });
    expect(await send('AI.TENSORSET', 'b', 'BOOL', 2, 'VALUES', 1, 0)).toBe('+OK');
    expect(namedValues(await send('AI.TENSORGET', 'b', 'META', 'BLOB'))).toEqual({
      ...{ dtype: 'BOOL', shape: [2], blob: '\x01\0' },
    });
  });

  test('modelstore, modelexecute, modelget, modelscan, modeldel', async () => {
    const mul = model('mul');
    await store('m', mul, 'TAG', 'v1.0', 'BATCHSIZE', 10, 'MINBATCHSIZE', 1, 'MINBATCHTIMEOUT', 5);
    await send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4);
    expect(
      await send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c', 'TIMEOUT', 5000),
    ).toBe('+OK');
    expect(namedValues(await send('AI.TENSORGET', 'c', 'META', 'VALUES'))).toEqual({
      ...{ dtype: 'FLOAT', shape: [1, 2], values: ['9', '16'] },
    });
    const meta = {
      ...{ backend: 'ONNX', device: 'CPU', tag: 'v1.0', batchsize: 10, minbatchsize: 1 },
      ...{ inputs: ['a', 'b'], outputs: ['c'], minbatchtimeout: 5 },
    };
    expect(namedValues(await send('AI.MODELGET', 'm', 'META'))).toEqual(meta);
    expect(namedValues(await send('AI.MODELGET', 'm', 'META', 'BLOB'))).toEqual({
      ...meta,
      blob: asText(mul),
    });
    expect(await send('AI._MODELSCAN')).toEqual([['$m', '$v1.0']]);
    expect(await send('AI.MODELDEL', 'm')).toBe('+OK');
    expect(await send('AI._MODELSCAN')).toEqual([]);
    expect(await send('AI.MODELGET', 'm', 'META', 'BLOB')).toBe('-ERR model key is empty');
  });

  test('modelget joins the chunks of a large model, which modelstore sent', async () => {
    const mul = model('mul');
    expect(await send('AI.CONFIG', 'MODEL_CHUNK_SIZE', 50)).toBe('+OK');
    await store('m', mul);
    const { blob } = namedValues(await send('AI.MODELGET', 'm', 'META', 'BLOB'));
    expect((blob as string[]).map((part) => part.length)).toEqual([
      ...Array(Math.floor(mul.length / 50)).fill(50),
      ...(mul.length % 50 === 0 ? [] : [mul.length % 50]),
    ]);
    expect((blob as string[]).join('')).toBe(asText(mul));
    expect(await send('AI.CONFIG', 'MODEL_CHUNK_SIZE', 535_822_336)).toBe('+OK');
  });

  test('the deprecated modelset and modelrun', async () => {
    const set = ['AI.MODELSET', 'm', 'ONNX', 'CPU', 'TAG', 'old', 'BATCHSIZE', 4, 'MINBATCHSIZE', 1] as const;
    expect(await send(...set, 'BLOB', model('mul'))).toBe('+OK');
    expect(namedValues(await send('AI.MODELGET', 'm', 'META'))).toMatchObject({
      ...{ tag: 'old', batchsize: 4, minbatchsize: 1, minbatchtimeout: 0 },
    });
    await send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4);
    expect(await send('AI.MODELRUN', 'm', 'INPUTS', 'a', 'a', 'OUTPUTS', 'c')).toBe('+OK');
    expect(await send('AI.TENSORGET', 'c', 'META', 'BLOB')).toEqual([
      ...['$dtype', '$FLOAT', '$shape', [':1', ':2'], '$blob', `$${asText(floats(9, 16))}`],
    ]);
  });

  test('infoget as a dict, inforeset', async () => {
    await store('m', model('mul'), 'TAG', 'v');
    await send('AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    for (let i = 0; i < 3; i++) await send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c');
    const info = namedValues(await send('AI.INFO', 'm'));
    const described = { key: 'm', type: 'MODEL', backend: 'ONNX', device: 'CPU', tag: 'v', errors: 0 };
    expect(info).toEqual({ ...described, duration: info.duration, samples: 6, calls: 3 });
    expect(info.duration).toBeGreaterThan(0);
    expect(await send('AI.INFO', 'm', 'RESETSTAT')).toBe('+OK');
    expect(namedValues(await send('AI.INFO', 'm'))).toEqual({
      ...described,
      duration: 0,
      samples: 0,
      calls: 0,
    });
  });

  test('scriptstore, scriptset, scriptget, scriptscan, scriptdel, scriptexecute, scriptrun', async () => {
    const stored = [
      'AI.SCRIPTSTORE',
      's',
      'CPU',
      'TAG',
      'v1',
      'ENTRY_POINTS',
      1,
      'bar',
      'SOURCE',
      SCRIPT,
    ] as const;
    expect(await send(...stored)).toBe('+OK');
    expect(namedValues(await send('AI.SCRIPTGET', 's', 'META', 'SOURCE'))).toEqual({
      ...{ device: 'CPU', tag: 'v1', 'entry points': ['bar'], source: SCRIPT },
    });
    expect(namedValues(await send('AI.SCRIPTGET', 's', 'META'))).toEqual({
      ...{ device: 'CPU', tag: 'v1', 'entry points': ['bar'] },
    });
    expect(await send('AI.SCRIPTSET', 'old', 'CPU', 'TAG', 'v2', 'SOURCE', 'def f(x):\n    return x\n')).toBe(
      '+OK',
    );
    expect(((await send('AI._SCRIPTSCAN')) as string[][]).sort()).toEqual([
      ['$old', '$v2'],
      ['$s', '$v1'],
    ]);
    await send('AI.TENSORSET', 'a', 'FLOAT', 1, 'VALUES', 1);
    const execute = [
      'AI.SCRIPTEXECUTE',
      's',
      'bar',
      'KEYS',
      1,
      'a',
      'INPUTS',
      1,
      'a',
      'ARGS',
      1,
      'x',
      'OUTPUTS',
      1,
      'c',
    ];
    expect(await send(...execute, 'TIMEOUT', 10_000)).toBe('+OK');
    expect(await send('AI.SCRIPTRUN', 'old', 'f', 'INPUTS', 'a', 'OUTPUTS', 'c')).toBe('+OK');
    expect(await send('AI.SCRIPTDEL', 's')).toBe('+OK');
    expect(await send('AI.SCRIPTGET', 's', 'META', 'SOURCE')).toBe('-ERR script key is empty');
  });

  test('loadbackend is refused with the text that it looks for', async () => {
    expect(await send('AI.CONFIG', 'LOADBACKEND', 'ONNX', 'onnx.so')).toBe('-ERR error loading backend');
    expect(await send('AI.CONFIG', 'BACKENDSPATH', '/backends')).toBe('+OK');
  });

  describe('a Dag', () => {
    const inputs = ['AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4] as const;

    /** One reply an operation, each taken apart as that operation's own. */
    async function operations(...command: (string | number | Uint8Array)[]): Promise<Typed[]> {
      const reply = await send(...command);
      expect(Array.isArray(reply)).toBe(true);
      return reply as Typed[];
    }

    beforeEach(() => store('m', model('mul')));

    test('without keys goes out as AI.DAGRUN, with the deprecated AI.MODELRUN in it', async () => {
      const replies = await operations(
        ...['AI.DAGRUN', '|>', ...inputs, '|>', 'AI.MODELRUN', 'm', 'INPUTS', 'a', 'a', 'OUTPUTS', 'c'],
        ...['|>', 'AI.TENSORGET', 'c', 'META', 'BLOB'],
      );
      expect(replies.slice(0, 2)).toEqual(['+OK', '+OK']);
      expect(namedValues(replies[2] as Typed)).toEqual({
        ...{ dtype: 'FLOAT', shape: [1, 2], blob: asText(floats(9, 16)) },
      });
      expect(await send('EXISTS', 'a', 'c')).toBe(':0');
    });

    test('with LOAD, PERSIST and TIMEOUT goes out as AI.DAGEXECUTE', async () => {
      expect(await send(...inputs)).toBe('+OK');
      const replies = await operations(
        ...['AI.DAGEXECUTE', 'LOAD', 1, 'a', 'PERSIST', 1, 'c', 'TIMEOUT', 5000, '|>'],
        ...['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c'],
        ...['|>', 'AI.TENSORGET', 'c', 'META', 'VALUES'],
      );
      expect(replies[0]).toBe('+OK');
      expect(namedValues(replies[1] as Typed)).toEqual({
        ...{ dtype: 'FLOAT', shape: [1, 2], values: ['9', '16'] },
      });
      expect(await send('EXISTS', 'c')).toBe(':1');
    });

    test('with ROUTING only, and with every tensor given as bytes', async () => {
      const replies = await operations(
        ...['AI.DAGEXECUTE', 'ROUTING', '{here}', '|>', 'AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'BLOB'],
        ...[floats(3, 4), '|>', 'AI.TENSORGET', 'x', 'META', 'BLOB'],
      );
      expect(replies[0]).toBe('+OK');
      expect(namedValues(replies[1] as Typed)).toEqual({
        ...{ dtype: 'FLOAT', shape: [1, 2], blob: asText(floats(3, 4)) },
      });
    });

    test('read-only goes out as AI.DAGEXECUTE_RO', async () => {
      expect(await send(...inputs)).toBe('+OK');
      const replies = await operations(
        ...['AI.DAGEXECUTE_RO', 'LOAD', 1, 'a', '|>', 'AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a'],
        ...['OUTPUTS', 1, 'c', '|>', 'AI.TENSORGET', 'c', 'META'],
      );
      expect(replies[0]).toBe('+OK');
      expect(namedValues(replies[1] as Typed)).toEqual({ dtype: 'FLOAT', shape: [1, 2] });
      expect(await send('AI.DAGEXECUTE_RO', 'PERSIST', 1, 'c', '|>', ...inputs)).toBe(
        '-ERR PERSIST cannot be specified in a read-only DAG',
      );
    });

    test('an operation that fails is an error among the replies, a model that is missing is the whole reply', async () => {
      expect(await send(...inputs)).toBe('+OK');
      const run = (name: string, second: string) => [
        ...['AI.DAGEXECUTE', 'LOAD', 1, 'a', '|>', 'AI.TENSORSET', 'w', 'FLOAT', 1, 3, 'VALUES', 1, 2, 3],
        ...['|>', 'AI.MODELEXECUTE', name, 'INPUTS', 2, 'a', second, 'OUTPUTS', 1, 'c'],
        ...['|>', 'AI.TENSORGET', 'c', 'META', 'VALUES'],
      ];
      const replies = await operations(...run('m', 'w'));
      expect([replies.length, replies[0], replies[2]]).toEqual([3, '+OK', '+NA']);
      expect(replies[1]).toMatch(/^-Got invalid dimensions for input: b /);
      expect(await send(...run('none', 'a'))).toBe('-ERR model key is empty');
    });
  });
});
