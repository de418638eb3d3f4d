import { describe, expect, test } from 'vitest';
import { model } from '../../support/node.ts';
import type { Typed } from '../../support/typed-client.ts';
import { bulk, type ContractContext } from './context.ts';

const mul = model('mul');

interface Described {
  readonly device?: string;
  readonly tag?: string;
  readonly batching?: readonly [size: number, minimum: number, timeoutMs: number];
}

function metaOfMul({ device = 'CPU', tag = '', batching = [0, 0, 0] }: Described = {}): Typed[] {
  const [size, minimum, timeoutMs] = batching;
  return [
    ...['$backend', '$ONNX', '$device', `$${device}`, '$tag', `$${tag}`],
    ...['$batchsize', `:${size}`, '$minbatchsize', `:${minimum}`],
    ...['$inputs', ['$a', '$b'], '$outputs', ['$c'], '$minbatchtimeout', `:${timeoutMs}`],
  ];
}

export function modelContract({ send, key, none }: ContractContext): void {
  describe('models', () => {
    test.each(['AI.MODELSTORE', 'AI.MODELSET'])('are stored by %s with all its options', async (command) => {
      const options = 'TAG v1 BATCHSIZE 8 MINBATCHSIZE 4 MINBATCHTIMEOUT 20 BLOB';
      expect(await send(`${command} @m ONNX cpu:1 ${options}`, mul)).toBe('+OK');
      const meta = metaOfMul({ device: 'cpu:1', tag: 'v1', batching: [8, 4, 20] });
      expect(await send('AI.MODELGET @m META')).toEqual(meta);
      expect(await send('AI.MODELGET @m BLOB')).toBe(bulk(mul));
      for (const options of ['', ' META BLOB', ' ANYTHING']) {
        expect(await send(`AI.MODELGET @m${options}`)).toEqual([...meta, '$blob', bulk(mul)]);
      }
    });

    test('come in chunks, and go in chunks of MODEL_CHUNK_SIZE', async () => {
      const chunks = [mul.subarray(0, 40), mul.subarray(40, 41), mul.subarray(41)];
      expect(await send('AI.MODELSTORE @m ONNX CPU BLOB', ...chunks)).toBe('+OK');
      expect(await send('AI.MODELGET @m BLOB')).toBe(bulk(mul));
      const usual = await send('AI.CONFIG GET MODEL_CHUNK_SIZE');
      expect(await send('AI.CONFIG MODEL_CHUNK_SIZE 50')).toBe('+OK');
      const parts = [mul.subarray(0, 50), mul.subarray(50, 100), mul.subarray(100)].map(bulk);
      expect(await send('AI.MODELGET @m BLOB')).toEqual(parts);
      expect(await send('AI.MODELGET @m')).toEqual([...metaOfMul(), '$blob', parts]);
      expect(await send(`AI.CONFIG MODEL_CHUNK_SIZE ${mul.length}`)).toBe('+OK');
      expect(await send('AI.MODELGET @m BLOB')).toBe(bulk(mul));
      expect(await send('AI.CONFIG MODEL_CHUNK_SIZE', String(usual).slice(1))).toBe('+OK');
    });

    test('have a tag of any bytes', async () => {
      const tag = Buffer.from([0xff, 0x00, 0x0a, 0xc3]);
      await send('AI.MODELSTORE @m ONNX CPU TAG', tag, 'BLOB', mul);
      expect(await send('AI.MODELGET @m META')).toEqual(metaOfMul({ tag: tag.toString('latin1') }));
    });

    test('are listed with their tags, and no longer once they are deleted', async () => {
      expect(await send('AI._MODELSCAN')).toEqual([]);
      await send('AI.MODELSTORE @m ONNX CPU BLOB', mul);
      await send('AI.MODELSTORE @n ONNX CPU TAG v2 BLOB', mul);
      await send('AI.TENSORSET @t FLOAT 1');
      const found = (await send('AI._MODELSCAN')) as Typed[][];
      expect(found.sort()).toEqual([
        [`$${key('m')}`, '$'],
        [`$${key('n')}`, '$v2'],
      ]);
      expect(await send('AI.MODELDEL @m')).toBe('+OK');
      expect(await send('AI._MODELSCAN')).toEqual([[`$${key('n')}`, '$v2']]);
      expect(await send('AI.MODELGET @m')).toBe('-ERR model key is empty');
    });

    test('are replaced whole', async () => {
      await send('AI.MODELSTORE @m ONNX CPU TAG v1 BATCHSIZE 4 BLOB', mul);
      expect(await send('AI.MODELSTORE @m ONNX CPU BLOB', model('relu_1x4'))).toBe('+OK');
      expect(await send('AI.MODELGET @m META')).toEqual([
        ...['$backend', '$ONNX', '$device', '$CPU', '$tag', '$', '$batchsize', ':0', '$minbatchsize', ':0'],
        ...['$inputs', ['$x'], '$outputs', ['$y'], '$minbatchtimeout', ':0'],
      ]);
    });

    test('that are no good leave the key as it was', async () => {
      await send('AI.MODELSTORE @m ONNX CPU TAG v1 BLOB', mul);
      expect(await send('AI.MODELSTORE @m ONNX CPU TAG v2 BLOB garbage')).toBe(
        '-Failed to load model because protobuf parsing failed.',
      );
      expect(await send('AI.MODELGET @m META')).toEqual(metaOfMul({ tag: 'v1' }));
    });

    test('count their runs in AI.INFO until RESETSTAT', async () => {
      const info = async () => {
        const reply = (await send('AI.INFO @m')) as string[];
        expect(reply.splice(11, 1)[0]).toMatch(/^:\d+$/);
        return reply;
      };
      const counts = (samples: number, calls: number, errors: number) => [
        ...['$key', `$${key('m')}`, '$type', '$MODEL', '$backend', '$ONNX', '$device', '$CPU', '$tag', '$v1'],
        ...['$duration', '$samples', `:${samples}`, '$calls', `:${calls}`, '$errors', `:${errors}`],
      ];
      await send('AI.MODELSTORE @m ONNX CPU TAG v1 BLOB', mul);
      expect(await info()).toEqual(counts(0, 0, 0));
      await send('AI.TENSORSET @a FLOAT 3 2');
      await send('AI.TENSORSET @i INT32 3 2');
      await send('AI.MODELEXECUTE @m INPUTS 2 @a @a OUTPUTS 1 @c');
      await send('AI.MODELEXECUTE @m INPUTS 2 @a @a OUTPUTS 1 @c');
      await send('AI.MODELEXECUTE @m INPUTS 2 @a @i OUTPUTS 1 @c');
      expect(await info()).toEqual(counts(6, 3, 1));
      expect(await send('AI.INFO @m RESETSTAT')).toBe('+OK');
      expect(await send('AI.INFO @m')).toEqual(counts(0, 0, 0).toSpliced(11, 0, ':0'));
    });
  });

  describe('the configuration', () => {
    test('is read and changed', async () => {
      const usual = await send('AI.CONFIG GET MODEL_CHUNK_SIZE');
      expect(usual).toBe(`:${511 * 1024 * 1024}`);
      expect(await send('AI.CONFIG MODEL_CHUNK_SIZE 1000')).toBe('+OK');
      expect(await send('AI.CONFIG GET MODEL_CHUNK_SIZE')).toBe(':1000');
      expect(await send('AI.CONFIG MODEL_CHUNK_SIZE', String(usual).slice(1))).toBe('+OK');
      expect(await send('AI.CONFIG BACKENDSPATH /some/path')).toBe('+OK');
      expect(await send('AI.CONFIG GET BACKENDSPATH')).toBe('$/some/path');
      expect(await send('AI.CONFIG BACKENDSPATH', '')).toBe('+OK');
      for (const name of ['BACKENDSPATH', 'NOPE']) expect(await send(`AI.CONFIG GET ${name}`)).toBe(none);
    });
  });
}
