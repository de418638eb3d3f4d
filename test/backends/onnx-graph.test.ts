import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { DATA_TYPES, type DataType } from '../../src/backends/onnx-graph/data-types.ts';
import { GraphBuilder } from '../../src/backends/onnx-graph/graph-builder.ts';
import { elementsOf, hostTensor } from '../../src/backends/onnx-graph/host-tensor.ts';
import { liveGraph } from '../../src/backends/onnx-graph/live-nodes.ts';
import { modelBytes } from '../../src/backends/onnx-graph/model-bytes.ts';
import { numbersOf, type Value } from '../../src/backends/onnx-graph/value.ts';

const float = (data: number[], shape: number[]) => new ort.Tensor('float32', data, shape);
const int64 = (data: number[], shape: number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(data, BigInt), shape);

async function run(graph: GraphBuilder, ...inputs: ort.Tensor[]): Promise<ort.Tensor[]> {
  const session = await ort.InferenceSession.create(graph.bytes(), { logSeverityLevel: 4 });
  const feeds = Object.fromEntries(session.inputNames.map((name, i) => [name, inputs[i] as ort.Tensor]));
  const results = await session.run(feeds);
  await session.release();
  return session.outputNames.map((name) => results[name] as ort.Tensor);
}

describe('the ONNX graph builder', () => {
  test('finds a shape behind shape arithmetic, named dimensions too', () => {
    const graph = GraphBuilder.create();
    const x = graph.input('float', ['batch', 7, 7, 64]);
    const shape = graph.shapeOf(x);
    const batch = graph.emit('Gather', [shape, graph.ints([0])], { axis: 0 });
    const rest = graph.emit('ReduceProd', [
      graph.emit('Slice', [shape, graph.ints([1]), graph.ints([4])]),
      graph.ints([0]),
    ]);
    expect(numbersOf(rest)).toEqual([3136]);
    const flat = graph.emit('Reshape', [x, graph.emit('Concat', [batch, rest], { axis: 0 })]);
    expect(flat.shape).toEqual(['batch', 3136]);
    const back = graph.emit('Reshape', [flat, graph.ints([-1, 49, 64])]);
    expect(back.shape).toEqual(['batch', 49, 64]);
    expect(graph.emit('Reshape', [x, graph.ints([-1, 3136])]).shape).toEqual(['batch', 3136]);
  });

  test('emits nothing for what it can compute, and keeps no constant that nobody uses', () => {
    const graph = GraphBuilder.create();
    const sum = graph.emit('Add', [graph.ints([1, 2]), graph.ints([3, 4])]);
    expect(numbersOf(sum)).toEqual([4, 6]);
    expect(graph.graph.nodes).toEqual([]);
    expect(graph.bytes().length).toBeLessThan(100);
  });

  test('leaves out what no output needs, which ONNX Runtime would run', async () => {
    const graph = GraphBuilder.create();
    const x = graph.input('float', [2]);
    const weight = hostTensor('float', [2], [4, 5]);
    graph.emit('Exp', [graph.emit('Mul', [x, graph.constant(weight)])]);
    const body = graph.subgraph();
    const inner = graph.emit('Neg', [x]);
    body.output(body.emit('Add', [inner, inner]));
    const other = graph.subgraph();
    other.output(other.emit('Sub', [x, x]));
    const condition = graph.emit('Less', [
      graph.emit('ReduceSum', [x, graph.ints([0])], { keepdims: 0 }),
      graph.scalar('float', 0),
    ]);
    const branches = { then_branch: body, else_branch: other };
    const [chosen] = graph.emitWithGraphs('If', [condition], branches, [{ dtype: 'float', shape: [2] }]);
    graph.output(chosen as Value);
    const all = graph.graph.nodes.map(({ opType }) => opType);
    expect(all).toEqual(['Mul', 'Exp', 'Neg', 'ReduceSum', 'Less', 'If', 'Identity']);
    expect(liveGraph(graph.graph).nodes.map(({ opType }) => opType)).toEqual(all.slice(2));
    expect(Buffer.from(graph.bytes()).includes(Buffer.from(weight.bytes))).toBe(false);
    const [result] = await run(graph, float([-1, -2], [2]));
    expect(result?.data).toEqual(Float32Array.of(2, 4));
  });

  test('computes 0.1 + 0.2 in single precision as ONNX Runtime does', async () => {
    const graph = GraphBuilder.create();
    const parts = [graph.scalar('float', 0.1), graph.scalar('float', 0.2)] as const;
    const here = numbersOf(graph.emit('Add', parts));
    graph.output(graph.emit('Add', [graph.input('float', []), parts[1]]));
    const [there] = await run(graph, float([0.1], []));
    expect(Float32Array.from(here ?? [])).toEqual(there?.data);
  });

  test('leaves an integer that no number can say to the runtime', async () => {
    const bytes = new Uint8Array(BigInt64Array.of(2n ** 62n + 1n).buffer);
    const graph = GraphBuilder.create();
    const large = graph.constant({ dtype: 'int64', shape: [1], bytes });
    graph.output(graph.emit('Add', [large, graph.ints([1])]));
    const [out] = await run(graph);
    expect(out?.data).toEqual(BigInt64Array.of(2n ** 62n + 2n));
  });

  test('a weight that lies at an odd offset of a shared file arrives bit for bit', async () => {
    const file = new Uint8Array(new SharedArrayBuffer(13));
    new DataView(file.buffer).setFloat32(5, 1.5, true);
    new DataView(file.buffer).setFloat32(9, -2.5, true);
    const graph = GraphBuilder.create();
    graph.output(graph.constant({ dtype: 'float', shape: [2], bytes: file.subarray(5) }));
    expect((await run(graph))[0]?.data).toEqual(Float32Array.of(1.5, -2.5));
  });

  test('a model over 2 GiB is refused before it is put together', () => {
    const half = { dtype: 'uint8', shape: [2 ** 30], bytes: new Uint8Array(2 ** 30) } as const;
    const weights = new Map([
      ['a', half],
      ['b', half],
    ]);
    expect(() => modelBytes({ nodes: [], inputs: [], outputs: [] }, weights)).toThrow(
      /^a model of 2147\d{6} bytes is more than ONNX Runtime takes, 2 GiB$/,
    );
  });

  test('tells the runtime which dimensions are the same where it would not see it', () => {
    const graph = GraphBuilder.create();
    const parts = graph.emitMany(
      'Split',
      [graph.input('float', ['n', 4])],
      { axis: 0, num_outputs: 2 },
      { count: 2 },
    );
    const [first, second] = parts as [Value, Value];
    expect(first.shape).toEqual([expect.any(String), 4]);
    expect(second.shape).toEqual(first.shape);
    const zeros = graph.emit('Expand', [graph.scalar('float', 0), graph.shapeOf(first)]);
    expect(graph.graph.described?.map(({ name, shape }) => [name, shape])).toEqual(
      [first, second, zeros].map(({ name }) => [name, first.shape]),
    );
  });

  test('the body of a loop uses what lies around it', async () => {
    const graph = GraphBuilder.create();
    const step = graph.input('float', [2]);
    const body = graph.subgraph();
    body.input('int64', []);
    const goOn = body.input('bool', []);
    const sum = body.input('float', [2]);
    body.output(goOn);
    body.output(body.emit('Add', [sum, step]));
    const start = graph.fill('float', [2], [1, 2]);
    const outputs = [{ dtype: 'float' as const, shape: [2] }];
    const [result] = graph.emitWithGraphs(
      'Loop',
      [graph.scalar('int64', 3), graph.scalar('bool', 1), start],
      { body },
      outputs,
    );
    graph.output(result as Value);
    expect((await run(graph, float([10, 20], [2])))[0]?.data).toEqual(Float32Array.of(31, 62));
  });

  test('an input or a constant may be an output, and one value may be two outputs', async () => {
    const graph = GraphBuilder.create();
    const x = graph.input('int64', ['n']);
    for (const value of [x, x, graph.ints([7])]) graph.output(value);
    const outs = await run(graph, int64([1, 2], [2]));
    expect(outs.map((t) => [...(t.data as BigInt64Array)])).toEqual([[1n, 2n], [1n, 2n], [7n]]);
  });

  test('an operator without a kernel for the dtype runs in a wider one and comes back in its own', async () => {
    const graph = GraphBuilder.create();
    const x = graph.input('uint16', [3]);
    graph.output(graph.emit('ReduceMax', [x, graph.ints([0])], { keepdims: 0 }));
    graph.output(graph.emit('ArgMax', [x], { axis: 0, keepdims: 0 }));
    graph.output(graph.emit('ReduceSum', [x, graph.ints([0])], { keepdims: 0 }));
    const outs = await run(graph, new ort.Tensor('uint16', Uint16Array.of(1, 65535, 3), [3]));
    expect(outs.map((t) => [t.type, Number(t.data[0])])).toEqual([
      ['uint16', 65535],
      ['int64', 1],
      ['uint16', 3],
    ]);
  });
});

test('elements survive the way to bytes and back in every dtype', () => {
  for (const dtype of Object.keys(DATA_TYPES) as DataType[]) {
    if (dtype === 'string') continue;
    const elements = dtype === 'bool' ? [0, 1, 1] : [0, 1, 100];
    expect([dtype, elementsOf(hostTensor(dtype, [3], elements))]).toEqual([dtype, elements]);
  }
  expect(elementsOf(hostTensor('float16', [2], [1.0009765625, 65504]))).toEqual([1.0009765625, 65504]);
  expect(elementsOf(hostTensor('int8', [2], [-128, 200]))).toEqual([-128, -56]);
});
