import { describe, expect, test } from 'vitest';
import { buildModel, type Graph } from '../../scripts/onnx-builder.ts';
import { hasExternalData } from '../../src/backends/onnx/external-data.ts';
import { changeModel, countedLoop, moveToFile, type TensorMessage } from '../support/models.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';

const fixture = nodeFixture();

/** An initializer that is an output at once: the runtime reads it as it is. */
const weights: Graph = {
  name: 'weights',
  inputs: [{ name: 'x', type: 'float', shape: ['N'] }],
  outputs: [
    { name: 'w', type: 'float', shape: [2] },
    { name: 'y', type: 'float', shape: ['N'] },
  ],
  operators: [{ type: 'Neg', inputs: ['x'], outputs: ['y'] }],
  initializers: [{ name: 'w', shape: [2], data: Float32Array.of(1, 2) }],
};

const inInitializer = changeModel(buildModel(weights), ({ graph }) => moveToFile(graph.initializer[0]));

const inConstant = changeModel(buildModel(weights), ({ graph }) => {
  const tensor = graph.initializer.pop() as TensorMessage;
  moveToFile(tensor);
  graph.node.push({
    opType: 'Constant',
    input: [],
    output: ['w'],
    attribute: [{ name: 'value', type: 4, t: tensor }],
  });
});

const inSubgraph = changeModel(countedLoop(), ({ graph }) => {
  const body = graph.node[0]?.attribute[0] as { g: { initializer: TensorMessage[] } };
  const tensor = { name: 'w', dims: [2], dataType: 1 };
  moveToFile(tensor);
  body.g.initializer = [tensor];
});

describe('a model that takes weights from a file', () => {
  test.each([
    ['an initializer', inInitializer],
    ['a constant', inConstant],
    ['a loop', inSubgraph],
  ])('is refused, wherever they are: in %s', async (_, blob) => {
    const client = await fixture.start();
    const reply = await client.error('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', blob);
    expect(reply).toBe('Initializer tensors with external data is not allowed.');
    expect(await client.send('EXISTS', 'm')).toBe(0);
  });

  test('is seen in another encoding of the same value, too', () => {
    // Field 14 of a tensor in an initializer of a graph, with more bytes than it needs.
    const tensor = Buffer.from([0x70, 0x81, 0x80, 0x00]);
    const graph = Buffer.concat([Buffer.from([0x2a, tensor.length]), tensor]);
    expect(hasExternalData(Buffer.concat([Buffer.from([0x3a, graph.length]), graph]))).toBe(true);
  });
});

test('models with all their weights inside are not taken for such', () => {
  for (const bytes of [model('mlp_dyn'), model('iris'), countedLoop(), buildModel(weights)]) {
    expect(hasExternalData(bytes)).toBe(false);
  }
});
