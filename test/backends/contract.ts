import { beforeAll, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';

/** What the contract needs of a backend: its name, and models in its format. */
export interface BackendUnderTest {
  readonly backend: 'ONNX' | 'TF' | 'TORCH' | 'TFLITE';
  /** As AI.MODELSTORE takes it, such as `CPU` or `GPU:0`. */
  readonly device: string;
  /** A module or package that AI.CONFIG LOADBACKEND makes the backend first. */
  readonly module?: string;
  /** c = a * b on floats [rows, 2], any number of rows. */
  readonly product: TestModel;
  /** Takes one float tensor [1, 2]; its output has not one row for each row that went in. */
  readonly dropsRows: TestModel;
  /** What the backend says of bytes that are no model. */
  readonly garbage: string;
  /** Whether it takes floats and integers together, as a language with promotion of types does. */
  readonly promotes?: boolean;
}

export interface TestModel {
  readonly bytes: Uint8Array;
  /** What AI.MODELSTORE is told between the device and BLOB besides TAG and BATCHSIZE. */
  readonly nodes: readonly (string | number)[];
}

/** What every backend does, seen by a client. */
export function backendContract(under: BackendUnderTest): void {
  const { backend, device, module, product, dropsRows, garbage, promotes } = under;
  describe(`${backend} on ${device}${module === undefined ? '' : ` in ${module}`}`, () => {
    const shared = useSharedNode();

    beforeAll(async () => {
      if (module === undefined) return;
      const client = await shared.connect();
      expect(await client.send('AI.CONFIG', 'LOADBACKEND', backend, module)).toBe('OK');
    });

    const store = (model: TestModel, ...options: (string | number)[]) => [
      ...['AI.MODELSTORE', 'm', backend, device, ...options, ...model.nodes, 'BLOB'],
      model.bytes,
    ];
    const run = (a: string, b: string, to: string) => [
      ...['AI.MODELEXECUTE', 'm', 'INPUTS', 2, a, b, 'OUTPUTS', 1, to],
    ];

    test('a model is stored, runs, and gives back the bytes that it was', async () => {
      const client = await shared.connect();
      expect(await client.send(...store(product, 'TAG', 'first'))).toBe('OK');
      await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 2, 3);
      await client.send('AI.TENSORSET', 'b', 'FLOAT', 1, 2, 'VALUES', 5, -7);
      expect(await client.send(...run('a', 'b', 'c'))).toBe('OK');
      const shown = await client.send('AI.TENSORGET', 'c', 'META', 'VALUES');
      expect(shown).toEqual(['dtype', 'FLOAT', 'shape', [1, 2], 'values', ['10', '-21']]);
      const meta = (await client.send('AI.MODELGET', 'm', 'META')) as unknown[];
      expect(meta.slice(0, 6)).toEqual(['backend', backend, 'device', device, 'tag', 'first']);
      const blob = await client.send('AI.MODELGET', 'm', 'BLOB');
      expect(Buffer.from(blob as Buffer | string)).toEqual(Buffer.from(product.bytes));
    });

    test('rows are as many as the client sends', async () => {
      const client = await shared.connect();
      await client.send(...store(product));
      for (const rows of [3, 1, 2]) {
        const values = Array.from({ length: 2 * rows }, (_, i) => i + 1);
        await client.send('AI.TENSORSET', 'a', 'FLOAT', rows, 2, 'VALUES', ...values);
        expect(await client.send(...run('a', 'a', 'c'))).toBe('OK');
        expect(await client.send('AI.TENSORGET', 'c', 'META', 'VALUES')).toEqual([
          'dtype',
          'FLOAT',
          'shape',
          [rows, 2],
          'values',
          values.map((value) => String(value * value)),
        ]);
      }
    });

    test('requests that share a batch get their own rows', async () => {
      const client = await shared.connect();
      expect(await client.send(...store(product, 'BATCHSIZE', 4, 'MINBATCHSIZE', 4))).toBe('OK');
      const others = await Promise.all(Array.from({ length: 4 }, () => shared.connect()));
      for (const i of others.keys()) {
        await client.send('AI.TENSORSET', `a${i}`, 'FLOAT', 1, 2, 'VALUES', i, i + 10);
      }
      const before = shared.node.context.devices.counters().runs;
      const done = others.map((other, i) => other.send(...run(`a${i}`, `a${i}`, `c${i}`)));
      expect(await Promise.all(done)).toEqual(['OK', 'OK', 'OK', 'OK']);
      expect(shared.node.context.devices.counters().runs).toBe(before + 1);
      for (const i of others.keys()) {
        const want = [i * i, (i + 10) ** 2].map(String);
        expect(await client.send('AI.TENSORGET', `c${i}`, 'VALUES')).toEqual(want);
      }
    });

    test('a batch of a model that drops its rows is an error of all in it, and the model stays', async () => {
      const client = await shared.connect();
      await client.send(...store(dropsRows, 'BATCHSIZE', 2, 'MINBATCHSIZE', 2, 'MINBATCHTIMEOUT', 60_000));
      const other = await shared.connect();
      await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 1, 2);
      const command = ['AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'];
      const replies = await Promise.all([client.send(...command), other.send(...command)]);
      for (const reply of replies) expect(reply).toBeInstanceOf(Error);
      expect(await client.send('EXISTS', 'm', 'y')).toBe(1);
    });

    test('bytes that are no model are refused, and the key stays as it was', async () => {
      const client = await shared.connect();
      await client.send(...store(product));
      const refused = await client.error(
        'AI.MODELSTORE',
        'm',
        backend,
        device,
        ...product.nodes,
        'BLOB',
        'no',
      );
      expect(refused).toBe(garbage);
      expect((await client.send('AI.MODELGET', 'm', 'META')) as unknown[]).toContain(backend);
    });

    test.skipIf(promotes === true)('a tensor of another type is an error of that run', async () => {
      const client = await shared.connect();
      await client.send(...store(product));
      await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 1, 2);
      await client.send('AI.TENSORSET', 'i', 'INT64', 1, 2, 'VALUES', 1, 2);
      expect(await client.send(...run('a', 'i', 'c'))).toBeInstanceOf(Error);
      expect(await client.send('EXISTS', 'c')).toBe(0);
      expect(await client.send(...run('a', 'a', 'c'))).toBe('OK');
    });

    test('sessions go with their model', async () => {
      const client = await shared.connect();
      const { devices } = shared.node.context;
      await client.send(...store(product));
      expect(devices.sessions).toBeGreaterThan(0);
      expect(await client.send('AI.MODELDEL', 'm')).toBe('OK');
      // What is stored next is loaded behind what is freed, in the one thread that loads.
      await client.send(...store(product));
      await client.send('AI.MODELDEL', 'm');
      while (devices.sessions > 0) await new Promise((resolve) => setImmediate(resolve));
    });
  });
}
