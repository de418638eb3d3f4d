import path from 'node:path';
import { RESP_TYPES } from 'redis';
import { beforeEach, describe, expect, test } from 'vitest';
import { AiError, type Dtype, type Tensor, Tessera, tensor } from '../../src/client/index.ts';
import { model } from '../support/node.ts';
import { tagOn } from '../support/slots.ts';

const IRIS = { inputs: { measurements: 'FLOAT' }, outputs: { probabilities: 'FLOAT' } } as const;
const SETOSA = tensor('FLOAT', [[5.1, 3.5, 1.4, 0.2]]);
const ADD =
  'def add(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0] + tensors[1]\n';
const COUNT =
  'def count(tensors: List[Tensor], keys: List[str], args: List[str]):\n' +
  '    redis.execute("INCRBY", keys[0], args[0])\n';

/** One tensor of each dtype, with the extremes of its range. */
const SAMPLES: { [D in Dtype]: Tensor<D> } = {
  FLOAT: tensor(Float32Array.of(1.5, -0, 3.4028234663852886e38, Number.NaN), [2, 2]),
  DOUBLE: tensor(Float64Array.of(0.1, -1e300, Number.POSITIVE_INFINITY)),
  INT8: tensor(Int8Array.of(-128, 127)),
  INT16: tensor(Int16Array.of(-32_768, 32_767), [2, 1]),
  INT32: tensor(Int32Array.of(-(2 ** 31), 2 ** 31 - 1)),
  INT64: tensor(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)),
  UINT8: tensor(Uint8Array.of(0, 255)),
  UINT16: tensor(Uint16Array.of(0, 65_535)),
  BOOL: tensor('BOOL', [true, false, 1]),
  STRING: tensor('STRING', [
    ['', 'ä'],
    ['\r\n', '\ufeffx'],
  ]),
};
const DTYPES = Object.keys(SAMPLES) as Dtype[];

async function refused(doing: Promise<unknown>): Promise<AiError> {
  const error = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AiError);
  return error as AiError;
}

/** Counts the tests of all that run the contract: no two have keys in common. */
let round = 0;

/** What the typed client does, whatever it is connected to. */
export function clientContract(open: () => Tessera): void {
  let tag = '';
  // The tests of a cluster go round its nodes.
  beforeEach(() => {
    tag = tagOn(round++ % 3, `client${round}-`);
  });
  const use = () => ({ ai: open(), key: (name: string) => `${name}{${tag}}` });
  const has = async (name: string) => {
    const { ai, key } = use();
    return ai.getTensor(key(name)).then(
      () => true,
      () => false,
    );
  };

  describe('tensors', () => {
    test.each(DTYPES)('of %s come back as they went', async (dtype) => {
      const { ai, key } = use();
      const sample: Tensor = SAMPLES[dtype];
      await ai.setTensor(key('t'), sample);
      expect(await ai.getTensor(key('t'))).toEqual(sample);
      expect(await ai.getTensor(key('t'), dtype)).toEqual(sample);
    });

    test('of many bytes, as views of other buffers and at odd places, come back as they went', async () => {
      const { ai, key } = use();
      const large = new Float32Array(new SharedArrayBuffer(1_200_000), 400, 200_000).map((_, i) => i / 7);
      const odd = new BigInt64Array(5000).map((_, i) => BigInt(i) ** 4n);
      const [a, b] = [tensor(large, [2, 100_000]), tensor(odd, [5000])];
      await Promise.all([ai.setTensor(key('large'), a), ai.setTensor(key('odd'), b)]);
      for (let round = 0; round < 3; round++) {
        const all = ['large', 'odd', 'odd', 'large'].map((name) => ai.getTensor(key(name)));
        expect(await Promise.all(all)).toEqual([a, b, b, a]);
      }
    });

    test('may be scalars or have no elements', async () => {
      const { ai, key } = use();
      const empty = tensor(new Float32Array(0), [0, 3]);
      for (const sample of [tensor('INT32', 7), empty]) {
        const given = await ai.setTensor(key('t'), sample).then(
          () => ai.getTensor(key('t')),
          (error: AiError) => error.code,
        );
        // RedisAI has neither: what a server does not take, it says.
        expect([sample, 'ERR']).toContainEqual(given);
      }
    });

    test('of another dtype than asked for are refused', async () => {
      const { ai, key } = use();
      await ai.setTensor(key('t'), SAMPLES.INT8);
      await expect(ai.getTensor(key('t'), 'FLOAT')).rejects.toThrow('is INT8, not FLOAT');
    });
  });

  describe('models', () => {
    test('are stored, described, run, read and deleted', async () => {
      const { ai, key } = use();
      const iris = ai.model(key('iris'), IRIS);
      await iris.store('ONNX', model('iris'), { tag: 'v1', batchSize: 8 });
      expect(await iris.describe()).toEqual({
        ...{ backend: 'ONNX', device: 'CPU', tag: 'v1', batchSize: 8, minBatchSize: 0, minBatchTimeoutMs: 0 },
        ...{ inputs: ['measurements'], outputs: ['probabilities'] },
      });
      const { probabilities } = await iris.run({ measurements: SETOSA });
      expect(probabilities.shape).toEqual([1, 3]);
      expect(probabilities.data[0]).toBeGreaterThan(0.99);
      expect(Buffer.concat(await iris.blob())).toEqual(model('iris'));
      expect(await iris.info()).toMatchObject({
        type: 'MODEL',
        backend: 'ONNX',
        tag: 'v1',
        calls: 1,
        samples: 1,
      });
      await iris.delete();
      expect(await refused(iris.describe())).toMatchObject({ code: 'NO_MODEL', command: 'AI.MODELGET' });
    });

    test('are stored from a file, in chunks as small as the server wants them', async () => {
      const { ai, key } = use();
      const file = path.join(import.meta.dirname, '../models/mlp_dyn.onnx');
      const mlp = ai.model(key('mlp'));
      const sent: number[] = [];
      const counting = Object.create(ai.redis, {
        sendCommand: {
          value: (...args: unknown[]) => {
            const command = args.find((arg): arg is (string | Buffer)[] => Array.isArray(arg)) ?? [];
            if (command[0] === 'AI.CONFIG') return Promise.resolve(100_000);
            if (command[0] === 'AI.MODELSTORE') {
              sent.push(...command.filter((arg) => arg instanceof Buffer).map((arg) => arg.length));
            }
            return Reflect.apply(ai.redis.sendCommand, ai.redis, args);
          },
        },
      });
      await new Tessera(counting).model(key('mlp')).storeFile(file);
      expect(sent).toEqual([100_000, 100_000, 100_000, 40_324]);
      expect(await mlp.describe()).toMatchObject({ backend: 'ONNX' });
      expect(Buffer.concat(await mlp.blob()).length).toBe(340_324);
      await expect(mlp.storeFile('model.bin')).rejects.toThrow(RangeError);
      await expect(mlp.storeFile(`${file}.none.onnx`)).rejects.toThrow('ENOENT');
    });

    test('take tensors and keys together, give by name, and leave nothing behind that was not asked for', async () => {
      const { ai, key } = use();
      const mul = ai.model(key('mul'), { inputs: { a: 'FLOAT', b: 'FLOAT' }, outputs: { c: 'FLOAT' } });
      await mul.store('ONNX', model('mul'));
      const two = tensor('FLOAT', [[2, 3]]);
      await ai.setTensor(key('a'), two);
      const { c } = await mul.run(
        { b: tensor('FLOAT', [[5, 7]]), a: key('a') },
        { persist: { c: key('kept') } },
      );
      expect(c).toEqual(tensor('FLOAT', [[10, 21]]));
      expect(await ai.getTensor(key('kept'))).toEqual(c);
      expect((await mul.run({ a: key('a'), b: key('a') })).c).toEqual(tensor('FLOAT', [[4, 9]]));
      // What is read may be replaced by what comes out.
      await mul.run({ a: key('a'), b: two }, { persist: { c: key('a') } });
      expect(await ai.getTensor(key('a'))).toEqual(tensor('FLOAT', [[4, 9]]));
      await mul.execute([key('a'), key('a')], [key('executed')]);
      expect(await ai.getTensor(key('executed'), 'FLOAT')).toEqual(tensor('FLOAT', [[16, 81]]));
      expect(await has('b')).toBe(false);
    });

    test('that another has replaced are run with the names of the other', async () => {
      const { ai, key } = use();
      const own = ai.model(key('m'));
      await own.store('ONNX', model('mul'));
      const x = tensor('FLOAT', [[1, -2]]);
      await own.run({ a: x, b: x });
      await ai.model(key('m')).store('ONNX', model('two_outputs'));
      expect(await own.run({ x })).toEqual({ y: tensor('FLOAT', [[-1, 2]]), z: tensor('FLOAT', [[1, 2]]) });
      await expect(own.run({ a: x, b: x })).rejects.toThrow('no input "a", there are x');
    });

    test('refuse names and dtypes that are not theirs, and are told apart from what is no model', async () => {
      const { ai, key } = use();
      const iris = ai.model(key('iris'), IRIS);
      expect(await refused(iris.run({ measurements: SETOSA }))).toMatchObject({ code: 'NO_MODEL' });
      await iris.store('ONNX', model('iris'));
      const loose = ai.model(key('iris'));
      await expect(loose.run({})).rejects.toThrow('the input "measurements" is missing');
      await expect(loose.run({ measurements: SETOSA, more: SETOSA })).rejects.toThrow('no input "more"');
      const wrong = ai.model(key('iris'), { ...IRIS, outputs: { probabilities: 'INT64' } });
      await expect(wrong.run({ measurements: SETOSA })).rejects.toThrow('is FLOAT, not INT64');
      const unfit = await refused(loose.run({ measurements: tensor('FLOAT', [[1, 2]]) }));
      expect(unfit).toMatchObject({ code: 'ERR', command: 'AI.MODELEXECUTE' });
      expect(unfit.message).toContain('Got invalid dimensions for input: measurements');
      expect(await refused(loose.run({ measurements: key('none') }))).toMatchObject({ code: 'NO_TENSOR' });
      await ai.setTensor(key('t'), SETOSA);
      expect(await refused(ai.model(key('t')).describe())).toMatchObject({ code: 'WRONGTYPE' });
      expect(await refused(iris.store('ONNX', Buffer.from('no model')))).toMatchObject({
        command: 'AI.MODELSTORE',
      });
    });
  });

  describe('scripts', () => {
    test('are stored, called with tensors, keys and arguments, described and deleted', async () => {
      const { ai, key } = use();
      const script = ai.script(key('s'));
      await script.store(ADD + COUNT, ['add', 'count'], { tag: 'v2' });
      await ai.setTensor(key('one'), tensor('INT64', [1n]));
      const [sum] = await script.call('add', {
        inputs: [key('one'), tensor('INT64', [41])],
        outputs: ['INT64'],
      });
      expect(sum).toEqual(tensor('INT64', [42n]));
      expect(await script.call('count', { keys: [key('n')], args: ['5'] })).toEqual([]);
      expect(await script.describe()).toEqual({
        ...{ device: 'CPU', tag: 'v2', entryPoints: ['add', 'count'], source: ADD + COUNT },
      });
      expect(await script.info()).toMatchObject({ type: 'SCRIPT', calls: 2, errors: 0 });
      await script.delete();
      expect(await refused(script.describe())).toMatchObject({ code: 'NO_SCRIPT' });
    });
  });

  describe('DAGs', () => {
    test('run models and scripts between tensors under keys', async () => {
      const { ai, key } = use();
      await ai.model(key('mul')).store('ONNX', model('mul'));
      await ai.script(key('s')).store(ADD, ['add']);
      await ai.setTensor(key('a'), tensor('FLOAT', [[2, 3]]));
      const start = ai
        .dag()
        .load({ a: key('a') })
        .set({ b: tensor('FLOAT', [[10, 10]]) })
        .model(key('mul'), { inputs: ['a', 'b'], outputs: ['product'] });
      const whole = start
        .script(key('s'), 'add', { inputs: ['product', 'b'], outputs: ['sum'] })
        .persist({ sum: key('sum') })
        .get('sum', 'FLOAT');
      const { sum } = await whole.timeout(5000).run();
      expect(sum.data).toEqual(Float32Array.of(30, 40));
      expect(await ai.getTensor(key('sum'))).toEqual(sum);
      expect(await start.get('product').get('a').run()).toEqual({
        product: tensor('FLOAT', [[20, 30]]),
        a: tensor('FLOAT', [[2, 3]]),
      });
      expect(await has('product')).toBe(false);
    });

    test('say which operation failed, and then persist nothing', async () => {
      const { ai, key } = use();
      await ai.model(key('mul')).store('ONNX', model('mul'));
      const dag = ai
        .dag()
        .set({ a: tensor('FLOAT', [[1, 2]]), b: tensor('FLOAT', [[1, 2, 3]]) })
        .model(key('mul'), { inputs: ['a', 'b'], outputs: ['c'] })
        .persist({ a: key('a'), c: key('c') });
      expect(await refused(dag.run())).toMatchObject({ code: 'ERR', command: 'AI.MODELEXECUTE' });
      expect([await has('a'), await has('c')]).toEqual([false, false]);
    });

    test('take bytes that look like what separates operations', async () => {
      const { ai, key } = use();
      const bytes = tensor(Uint8Array.of(0x7c, 0x3e));
      const number = tensor(Int16Array.of(0x3e7c));
      const dag = ai
        .dag()
        .set({ bytes, number })
        .get('bytes')
        .get('number')
        .persist({ bytes: key('t') });
      expect(await dag.run()).toEqual({ bytes, number });
      const script = ai.script(key('s'));
      await expect(script.call('f', { args: ['|>'] })).rejects.toThrow(RangeError);
    });

    test('keep names apart from keys', async () => {
      const { ai, key } = use();
      await ai.setTensor(key('x'), tensor('INT8', [1]));
      const dag = ai
        .dag()
        .load({ loaded: key('x') })
        .set({ [key('x')]: tensor('INT8', [2]) });
      expect(await dag.get('loaded').get(key('x')).run()).toEqual({
        loaded: tensor('INT8', [1]),
        [key('x')]: tensor('INT8', [2]),
      });
      const replaced = ai
        .dag()
        .load({ before: key('x') })
        .set({ after: tensor('INT8', [3]) })
        .persist({ after: key('x') })
        .get('before');
      await expect(replaced.run()).rejects.toThrow('"before" is needed after "after" has replaced it');
      await expect(dag.persist({ loaded: key('y') }).run()).rejects.toThrow('different keys');
      await expect(
        ai
          .dag()
          .set({ t: tensor('INT8', [1]) })
          .get('t')
          .run(),
      ).rejects.toThrow(RangeError);
    });
  });

  test('bytes are keys like texts', async () => {
    const { ai, key } = use();
    const raw = Buffer.concat([Buffer.from(key('raw')), Buffer.from([0xff, 0, 0x80])]);
    await ai.setTensor(raw, SETOSA);
    const iris = ai.model(raw.subarray(0, -1), IRIS);
    await iris.store('ONNX', model('iris'));
    const { probabilities } = await iris.run({ measurements: raw });
    expect(probabilities.data).toHaveLength(3);
  });

  test('type mappings of the connection change nothing', async () => {
    const { ai, key } = use();
    const { redis } = ai as unknown as { redis: { withTypeMapping(mapping: object): typeof ai.redis } };
    const mapped = new Tessera(redis.withTypeMapping({ [RESP_TYPES.NUMBER]: String }));
    await mapped.setTensor(key('t'), SAMPLES.FLOAT);
    expect(await mapped.getTensor(key('t'))).toEqual(SAMPLES.FLOAT);
  });
}
