import { beforeEach, describe, expect, test } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { callOf, entryPoint, storeFunction } from '../support/torch-scripts.ts';

const shared = useSharedNode();
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 'VALUES', 1, 2);
  await client.send('AI.TENSORSET', 'b', 'FLOAT', 2, 'VALUES', 10, 20);
});

const values = async (key: string) => await client.send('AI.TENSORGET', key, 'VALUES');
const failure = (message: string) => expect.objectContaining({ message });

/** The values of what `f` of this body makes of inputs. */
async function result(inputs: readonly string[], ...lines: string[]): Promise<unknown> {
  await storeFunction(client, 's', ...lines);
  const reply = await client.send(...callOf('s', { inputs, outputs: ['out'] }));
  return reply === 'OK' ? values('out') : reply;
}

describe('an entry point', () => {
  test('gets its inputs as a list', async () => {
    expect(await result(['a', 'b', 'b'], 'return tensors[0] + torch.stack(tensors[1:]).sum(0)')).toEqual([
      '21',
      '42',
    ]);
    expect(await result(['a', 'b'], 'return torch.tensor(len(tensors))')).toEqual([2]);
    expect(await result([], 'return torch.zeros([2])')).toEqual(['0', '0']);
  });

  test('gets keys and arguments as bytes', async () => {
    await storeFunction(
      client,
      's',
      'n = torch.tensor([len(keys), len(keys[0]), len(args), len(args[0])])',
      'return n if args[0] == "ä" and keys[0] == "ü€" else -n',
    );
    const call = callOf('s', { keys: ['ü€'], args: ['ä', Buffer.from([0, 255])], outputs: ['out'] });
    expect(await client.send(...call)).toBe('OK');
    expect(await values('out')).toEqual([1, 5, 2, 2]);
  });

  test('is called with other arguments each time', async () => {
    await storeFunction(client, 's', 'return tensors[0] * int(args[0])');
    for (const by of ['2', '3', '2']) {
      await client.send(...callOf('s', { inputs: ['a'], args: [by], outputs: ['out'] }));
      expect(await values('out')).toEqual([by, String(2 * Number(by))]);
    }
  });

  test.each([
    ['a tensor', 'return tensors[0]', ['x']],
    ['a list', 'return [tensors[0], tensors[1]]', ['x', 'y']],
    ['a tuple', 'return tensors[1], tensors[0]', ['y', 'x']],
    ['the same tensor twice', 'return tensors[0], tensors[0]', ['x', 'z']],
    ['a list of any length', 'return [t * 2 for t in tensors]', ['x', 'y']],
  ])('gives %s', async (_, line, outputs) => {
    await storeFunction(client, 's', line);
    expect(await client.send(...callOf('s', { inputs: ['a', 'b'], outputs }))).toBe('OK');
    const twice = line.includes('* 2');
    expect(await values('x')).toEqual(twice ? ['2', '4'] : ['1', '2']);
    for (const other of outputs.filter((name) => name !== 'x')) {
      expect(await values(other)).toEqual(other === 'z' ? ['1', '2'] : twice ? ['20', '40'] : ['10', '20']);
    }
  });

  test.each([
    ['return tensors', ['x'], 'Function returned unexpected number of outputs - f'],
    ['return tensors[0]', ['x', 'y'], 'Function returned unexpected number of outputs - f'],
    ['return 1', ['x'], 'Function returned non-tensor valuesf'],
    ['return tensors[0], [tensors[1]]', ['x', 'y'], 'Function returned non-tensor valuesf'],
    ['return {"a": tensors[0]}', ['x'], 'Function returned non-tensor valuesf'],
    ['pass', ['x'], 'Function returned non-tensor valuesf'],
  ])('%s is no answer for %j', async (line, outputs, message) => {
    await storeFunction(client, 's', line);
    expect(await client.error(...callOf('s', { inputs: ['a', 'b'], outputs }))).toBe(message);
    expect(await client.send('EXISTS', 'x', 'y')).toBe(0);
  });

  test('may give anything where nothing is asked for', async () => {
    for (const line of ['return tensors', 'return 1', 'return tensors[0], [tensors[1]]', 'pass']) {
      await storeFunction(client, 's', line);
      expect(await client.send(...callOf('s', { inputs: ['a', 'b'] }))).toBe('OK');
    }
  });

  test('calls other functions of its script', async () => {
    const source = `def twice(x, by: int = 2):\n    return x * by\n${entryPoint('f', 'return twice(twice(tensors[0]), by=5)')}`;
    await client.send('AI.SCRIPTSTORE', 's', 'CPU', 'ENTRY_POINTS', 1, 'f', 'SOURCE', source);
    expect(await client.send(...callOf('s', { inputs: ['a'], outputs: ['out'] }))).toBe('OK');
    expect(await values('out')).toEqual(['10', '20']);
    expect(await client.error('AI.SCRIPTEXECUTE', 's', 'twice', 'INPUTS', 1, 'a')).toBe(
      'Function does not exist: twice',
    );
  });

  test('goes its way by what is in its tensors', async () => {
    const lines = ['x = tensors[0]', 'while bool(x.sum() < 100):', '    x = x * 2', 'return x'];
    expect(await result(['a'], ...lines)).toEqual(
      ['64', '128'].map((v) => String(Number(v) / 1)).map((v) => v),
    );
    expect(await result(['b'], ...lines)).toEqual(['40', '80']);
  });

  test('takes tensors of other shapes and dtypes than before', async () => {
    await client.send('AI.TENSORSET', 'm', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    await client.send('AI.TENSORSET', 'i', 'INT64', 3, 'VALUES', 1, 2, '4611686018427387903');
    await storeFunction(client, 's', 'return tensors[0] + tensors[0]');
    for (const [input, sums] of [
      ['a', '2 4'],
      ['m', '2 4 6 8'],
      ['i', '2 4 9223372036854775806'],
      ['a', '2 4'],
    ] as const) {
      expect(await client.send(...callOf('s', { inputs: [input], outputs: ['out'] }))).toBe('OK');
      const [dtype, shape] = [
        input === 'i' ? 'INT64' : 'FLOAT',
        input === 'm' ? [2, 2] : [sums.split(' ').length],
      ];
      await client.send('AI.TENSORSET', 'sums', dtype, ...shape, 'VALUES', ...sums.split(' '));
      expect(await client.send('AI.TENSORGET', 'out')).toEqual(await client.send('AI.TENSORGET', 'sums'));
    }
  });

  test('may write over its inputs', async () => {
    await storeFunction(client, 's', 'x = tensors[0]', 'x += 1', 'return x');
    expect(await client.send(...callOf('s', { inputs: ['a'], outputs: ['a'] }))).toBe('OK');
    expect(await values('a')).toEqual(['2', '3']);
    // The tensor that it was given is the client's: writing to it changed nothing.
    await storeFunction(client, 's', 'tensors[0].add_(1)');
    expect(await client.send(...callOf('s', { inputs: ['a'] }))).toBe('OK');
    expect(await values('a')).toEqual(['2', '3']);
  });

  test('that fails says where, and writes nothing', async () => {
    expect(await result(['a'], 'x = tensors[0]', 'assert x.size(0) == 3, "größer"')).toEqual(
      failure('AssertionError: größer (<string>:3 in f)'),
    );
    expect(await result(['a'], 'return torch.matmul(tensors[0], torch.zeros([3]))')).toBeInstanceOf(Error);
    expect(await client.send('EXISTS', 'out')).toBe(0);
  });

  test('of keys that hold something else changes none', async () => {
    await storeFunction(client, 's', 'return tensors');
    await client.send('SET', 'text', 'v');
    expect(await client.error(...callOf('s', { inputs: ['a', 'b'], outputs: ['x', 'text'] }))).toBe(
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    );
    expect(await client.send('EXISTS', 'x')).toBe(0);
  });
});

describe('a function of AI.SCRIPTSET', () => {
  const run = (fn: string, ...rest: string[]) => client.send('AI.SCRIPTRUN', 's', fn, 'INPUTS', ...rest);

  beforeEach(async () => {
    const source = [
      'def sub(a, b):\n    return a - b',
      'def optional(a, b: Tensor = torch.ones([2])):\n    return a + b',
      'def rest(a, more: List[Tensor]):\n    return a + torch.stack(more).sum(0)',
      'def many(more: List[Tensor]):\n    return more',
    ];
    expect(await client.send('AI.SCRIPTSET', 's', 'CPU', 'SOURCE', source.join('\n'))).toBe('OK');
  });

  test('gets its inputs by position, those behind $ as a list', async () => {
    expect(await run('sub', 'b', 'a', 'OUTPUTS', 'out')).toBe('OK');
    expect(await values('out')).toEqual(['9', '18']);
    expect(await run('rest', 'a', '$', 'b', 'b', 'OUTPUTS', 'out')).toBe('OK');
    expect(await values('out')).toEqual(['21', '42']);
    expect(await run('many', '$', 'b', 'a', 'OUTPUTS', 'x', 'y')).toBe('OK');
    expect([await values('x'), await values('y')]).toEqual([
      ['10', '20'],
      ['1', '2'],
    ]);
    expect(await run('optional', 'a', 'OUTPUTS', 'out')).toBe('OK');
    expect(await values('out')).toEqual(['2', '3']);
  });

  test('may be called by AI.SCRIPTEXECUTE, too', async () => {
    expect(
      await client.send('AI.SCRIPTEXECUTE', 's', 'sub', 'INPUTS', 2, 'b', 'a', 'OUTPUTS', 1, 'out'),
    ).toBe('OK');
    expect(await values('out')).toEqual(['9', '18']);
    expect(
      await client.send('AI.SCRIPTEXECUTE', 's', 'many', 'INPUTS', 2, 'b', 'a', 'OUTPUTS', 2, 'x', 'y'),
    ).toBe('OK');
  });

  test.each([
    ['sub', ['a', 'OUTPUTS', 'out']],
    ['sub', ['a', 'b', 'b', 'OUTPUTS', 'out']],
    ['sub', ['a', '$', 'b', 'OUTPUTS', 'out']],
    ['many', ['a', '$', 'b', 'OUTPUTS', 'out']],
  ])('%s of %j gets another number of inputs than it takes', async (fn, rest) => {
    expect(await run(fn, ...rest)).toEqual(failure(`Wrong number of inputs provided to function: ${fn}`));
  });

  test('of the form of an entry point gets all inputs in one list', async () => {
    await storeFunction(client, 'e', 'return tensors[0] + tensors[1] + len(keys) + len(args)');
    expect(await client.send('AI.SCRIPTRUN', 'e', 'f', 'INPUTS', 'a', '$', 'b', 'OUTPUTS', 'out')).toBe('OK');
    expect(await values('out')).toEqual(['11', '22']);
  });
});

describe('in a DAG', () => {
  test('functions take and give its tensors', async () => {
    await storeFunction(client, 's', 'return tensors[0] + 1, tensors[0] * int(args[0])');
    const reply = await client.send(
      ...['AI.DAGEXECUTE', 'LOAD', 1, 'a', 'PERSIST', 1, 'z'],
      ...['|>', 'AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 1, 'a', 'ARGS', 1, 3, 'OUTPUTS', 2, 'x', 'y'],
      ...['|>', 'AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 1, 'y', 'ARGS', 1, 2, 'OUTPUTS', 2, 'z', 'w'],
      ...['|>', 'AI.TENSORGET', 'x', 'VALUES', '|>', 'AI.TENSORGET', 'w', 'VALUES'],
    );
    expect(reply).toEqual(['OK', 'OK', ['2', '3'], ['6', '12']]);
    expect(await values('z')).toEqual(['4', '7']);
    expect(await client.send('EXISTS', 'x', 'y', 'w')).toBe(0);
  });

  test('one that fails stops it, and nothing is persisted', async () => {
    await storeFunction(client, 's', 'assert len(tensors) == 2, "no"');
    const reply = await client.send(
      ...['AI.DAGEXECUTE', 'LOAD', 1, 'a', 'PERSIST', 1, 'a'],
      ...['|>', 'AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 1, 'a', 'OUTPUTS', 1, 'x'],
      ...['|>', 'AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'a'],
    );
    expect(reply).toEqual([failure('AssertionError: no (<string>:2 in f)'), 'NA']);
  });
});

describe('a script', () => {
  const store = (source: string) =>
    client.error('AI.SCRIPTSTORE', 's', 'CPU', 'ENTRY_POINTS', 1, 'f', 'SOURCE', source);

  const storeQueued = (line: string) =>
    client.send('AI.SCRIPTSTORE', 's', 'CPU', 'ENTRY_POINTS', 1, 'f', 'SOURCE', entryPoint('f', line));

  test.each([
    [`${entryPoint('f', 'return tensors[0]')}x = 1\n`, 'expected def (<string>:4)'],
    ['def f(tensors: List[Tensor]', 'TORCH source cannot be read'],
    [entryPoint('f', 'return (tensors[0]'), 'TORCH source cannot be read'],
    [entryPoint('f', 'x = "'), 'a string has no end (<string>:2)'],
    [entryPoint('f', 'return tensors[0] + nothing'), 'undefined value nothing (<string>:2)'],
    [entryPoint('f', 'if len(args) > 0:', '    x = 1', 'return tensors[0] + x'), 'x is not defined'],
    [entryPoint('f', 'return f(tensors, keys, args)'), 'is called recursively'],
    [entryPoint('f', 'return tensors[0].nothing()'), 'nothing'],
    [entryPoint('f', 'return redis.execute(1)'), '(<string>:2)'],
  ])('that is none is refused: %j', async (source, message) => {
    expect(await store(source)).toContain(message);
    expect(await client.send('EXISTS', 's')).toBe(0);
  });

  test('counts its calls, its errors and their time', async () => {
    await storeFunction(client, 's', 'return tensors[0] if len(args) == 0 else tensors[9]');
    await client.send(...callOf('s', { inputs: ['a'], outputs: ['out'] }));
    await client.send(...callOf('s', { inputs: ['a'], outputs: ['out'] }));
    await client.send(...callOf('s', { inputs: ['a'], args: ['x'] }));
    const info = (await client.send('AI.INFO', 's')) as (string | number)[];
    const of = (name: string) => info[info.indexOf(name) + 1];
    expect([of('calls'), of('errors'), of('samples')]).toEqual([3, 1, -1]);
    expect(of('duration')).toBeGreaterThan(0);
  });

  test('is stored in a transaction, too', async () => {
    await client.send('MULTI');
    await storeQueued('return tensors[0] * 5');
    await client.send('GET', 'x');
    expect(await client.send('EXEC')).toEqual(['OK', null]);
    await client.send(...callOf('s', { inputs: ['a'], outputs: ['out'] }));
    expect(await values('out')).toEqual(['5', '10']);
  });

  test('that is replaced runs as the new one, and leaves no session behind', async () => {
    const before = shared.node.context.devices.sessions;
    await storeFunction(client, 's', 'return tensors[0]');
    await storeFunction(client, 's', 'return tensors[0] * 7');
    await client.send(...callOf('s', { inputs: ['a'], outputs: ['out'] }));
    expect(await values('out')).toEqual(['7', '14']);
    await client.send('AI.SCRIPTDEL', 's');
    await expect.poll(() => shared.node.context.devices.sessions).toBe(before);
  });

  test('that was copied or restored runs, too', async () => {
    await storeFunction(client, 's', 'return tensors[0] * 3');
    await client.send('COPY', 's', 'copy');
    await client.send('RESTORE', 'restored', 0, (await client.send('DUMP', 's')) as Buffer);
    await client.send('AI.SCRIPTDEL', 's');
    for (const key of ['copy', 'restored']) {
      expect(
        await client.send(...callOf(key, { inputs: ['a'], outputs: [key === 'copy' ? 'x' : 'y'] })),
      ).toBe('OK');
    }
    expect(await values('y')).toEqual(await values('x'));
  });

  test('waits in the queue no longer than TIMEOUT', async () => {
    await storeFunction(client, 'slow', 'n = 0', 'while n < 300000:', '    n += 1');
    await storeFunction(client, 's', 'return tensors[0]');
    const other = await shared.connect();
    const slow = client.send(...callOf('slow'));
    expect(await other.send(...callOf('s', { inputs: ['a'], outputs: ['x'] }), 'TIMEOUT', 1)).toBe(
      'TIMEDOUT',
    );
    expect(await slow).toBe('OK');
    expect(await other.send('EXISTS', 'x')).toBe(0);
  });
});
