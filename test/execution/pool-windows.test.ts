import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayBlockChannels } from '../../src/backends/onnx/pool-windows.ts';
import { onnxMessage } from '../support/models.ts';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServe } from '../support/serve.ts';
import { attr, graphDef, placeholder } from '../support/tensorflow-graphs.ts';

type Dimension = number | string;
type AttributeValue = readonly number[] | string | number;
type Node = readonly [op: string, inputs: readonly string[], attributes?: Record<string, AttributeValue>];

/** A model of these nodes one after the other: the first takes `x`, each gives `y0`, `y1`.. Weights are zeros. */
function images(
  shape: readonly Dimension[],
  nodes: readonly Node[],
  weights: Readonly<Record<string, readonly number[]>> = {},
  domain = '',
): Buffer {
  const value = (name: string, dims?: readonly Dimension[]) => {
    const dim = dims?.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
    return { name, type: { tensorType: { elemType: 1, ...(dim && { shape: { dim } }) } } };
  };
  const attribute = ([name, given]: [string, AttributeValue]) => {
    if (typeof given === 'number') return { name, type: 2, i: given };
    return typeof given === 'string'
      ? { name, type: 3, s: Buffer.from(given) }
      : { name, type: 7, ints: given };
  };
  const ModelProto = onnxMessage('ModelProto');
  const message = ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ version: 17 }, ...(domain === '' ? [] : [{ domain, version: 1 }])],
    graph: {
      name: 'images',
      node: nodes.map(([opType, input, attributes = {}], i) => ({
        ...{ opType, input, domain, output: [`y${i}`] },
        attribute: Object.entries(attributes).map(attribute),
      })),
      initializer: Object.entries(weights).map(([name, dims]) => ({
        ...{ name, dims, dataType: 1 },
        rawData: new Uint8Array(4 * dims.reduce((a, b) => a * b)),
      })),
      input: [value('x', shape)],
      output: [value(`y${nodes.length - 1}`)],
    },
  });
  return Buffer.from(ModelProto.encode(message).finish());
}

/** As ONNX Runtime saves a model that it has optimized. */
async function inOrtFormat(bytes: Buffer): Promise<Buffer> {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'tessera-')), 'model.ort');
  const extra = { session: { save_model_format: 'ORT' } };
  const options = { optimizedModelFilePath: file, logSeverityLevel: 4 as const, extra };
  await (await InferenceSession.create(new Uint8Array(bytes), options)).release();
  return readFileSync(file);
}

const pool = (attributes: Record<string, AttributeValue>, op = 'MaxPool'): Node => [op, ['x'], attributes];
const DYNAMIC = ['n', 16, 'h', 'w'];

describe('a node', () => {
  let node: ServedNode;
  let client: RespClient;

  beforeAll(async () => {
    node = await startServe();
    client = await RespClient.connect(node.port);
    expect(await client.send('AI.MODELSTORE', 'mul', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
  });
  afterAll(async () => {
    client.close();
    await node.kill();
  });

  async function expectService(): Promise<void> {
    const other = await RespClient.connect(node.port);
    await other.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4);
    await other.send('AI.MODELEXECUTE', 'mul', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b');
    expect(await other.send('AI.TENSORGET', 'b', 'VALUES')).toEqual(['9', '16']);
    other.close();
  }

  async function run(shape: readonly number[]): Promise<unknown> {
    expect(await client.send('AI.TENSORSET', 'in', 'FLOAT', ...shape)).toBe('OK');
    expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'in', 'OUTPUTS', 1, 'out')).toBe('OK');
    return client.send('AI.TENSORGET', 'out', 'META');
  }

  test.each<[string, Buffer, number[], number[]]>([
    ['of any size', images(DYNAMIC, [pool({ kernel_shape: [4, 4] })]), [1, 16, 3, 3], [1, 16, 0, 0]],
    [
      'of any size, averaged',
      images(DYNAMIC, [pool({ kernel_shape: [4, 4] }, 'AveragePool')]),
      [1, 16, 3, 3],
      [1, 16, 0, 0],
    ],
    ['of one size', images([1, 16, 3, 3], [pool({ kernel_shape: [4, 4] })]), [1, 16, 3, 3], [1, 16, 0, 0]],
    [
      'with holes in the window',
      images(['n', 16, 4, 4], [pool({ kernel_shape: [3, 3], dilations: [2, 2] })]),
      [1, 16, 4, 4],
      [1, 16, 0, 0],
    ],
  ])('lives through a window one wider than the image: %s', async (_, blob, shape, out) => {
    expect(await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', blob)).toBe('OK');
    expect(await run(shape)).toEqual(['dtype', 'FLOAT', 'shape', out]);
    await expectService();
  });

  test('lives through one in a TensorFlow graph whose image only a run tells', async () => {
    const window = { ksize: attr.ints(1, 4, 4, 1), strides: attr.ints(1, 1, 1, 1) };
    const graph = graphDef(placeholder('x', 'float', [-1, -1, -1, 16]), {
      ...{ name: 'y', op: 'MaxPool', input: ['x'] },
      attr: { T: attr.type('float'), padding: attr.text('VALID'), ...window },
    });
    const store = ['AI.MODELSTORE', 'm', 'TF', 'CPU', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y', 'BLOB'];
    expect(await client.send(...store, Buffer.from(graph))).toBe('OK');
    expect(await run([1, 3, 3, 16])).toEqual(['dtype', 'FLOAT', 'shape', [1, 0, 0, 16]]);
    await expectService();
  });

  test.each<[string, () => Promise<Buffer>]>([
    [
      'an ONNX file',
      async () => images(DYNAMIC, [pool({ kernel_shape: [4, 4] })], {}, 'com.microsoft.nchwc'),
    ],
    [
      "a file of the runtime's own format",
      () => inOrtFormat(images(DYNAMIC, [pool({ kernel_shape: [4, 4] })])),
    ],
  ])("refuses operators that are the runtime's own in %s", async (_, make) => {
    const blob = await make();
    expect(blob.includes('com.microsoft.nchwc')).toBe(true);
    expect(await client.error('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', blob)).toBe(
      'Operators of com.microsoft.nchwc are for ONNX Runtime itself to make.',
    );
    await expectService();
  });
});

/** What a ResNet begins with, and a last pool over all that is left of `size` pixels a side. */
const resnet = (size: Dimension, last: number) =>
  images(
    ['n', 3, size, size],
    [
      ['Conv', ['x', 'w0'], { kernel_shape: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3] }],
      ['Relu', ['y0']],
      ['MaxPool', ['y1'], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
      ['Conv', ['y2', 'w1'], { pads: [1, 1, 1, 1] }],
      ['Add', ['y3', 'y2']],
      ['Concat', ['y4', 'y2'], { axis: 1 }],
      ['AveragePool', ['y5'], { kernel_shape: [last, last] }],
    ],
    { w0: [16, 3, 7, 7], w1: [16, 16, 3, 3] },
  );

describe('channels are blocked', () => {
  test.each<[string, boolean, Uint8Array]>([
    ['without pools', true, model('mlp_dyn')],
    ['a network of one size', true, resnet(32, 8)],
    ['a network of one size whose last window is too wide', false, resnet(32, 9)],
    ['a network of any size', false, resnet('h', 8)],
    ['a window that fits', true, images([1, 16, 4, 4], [pool({ kernel_shape: [4, 4] })])],
    ['a window over any image', false, images(DYNAMIC, [pool({ kernel_shape: [2, 2] })])],
    ['a window of one pixel', true, images(DYNAMIC, [pool({ kernel_shape: [1, 1] })])],
    ['enough padding', true, images(DYNAMIC, [pool({ kernel_shape: [3, 3], pads: [1, 1, 1, 1] })])],
    ['padding as needed', true, images(DYNAMIC, [pool({ kernel_shape: [3, 3], auto_pad: 'SAME_UPPER' })])],
    [
      'padding as needed, but for holes',
      false,
      images(DYNAMIC, [pool({ kernel_shape: [3, 3], auto_pad: 'SAME_UPPER', dilations: [3, 3] })]),
    ],
    ['no protobuf', false, Buffer.from('\xff\xffMaxPool', 'latin1')],
  ])('%s: %s', (_, expected, bytes) => {
    expect(mayBlockChannels(bytes)).toBe(expected);
  });

  const folder = path.join(import.meta.dirname, '../../../shared/models/onnx');
  const real = ['light_resnet50', 'light_squeezenet', 'mnist'];
  for (const name of real) {
    const file = path.join(folder, `${name}.onnx`);
    const missing = !existsSync(file);
    test.skipIf(missing)(`in ${name}${missing ? ` (skipped: no ${file})` : ''}`, () => {
      expect(mayBlockChannels(readFileSync(file))).toBe(true);
    });
  }
});
