// References: the formulas of TensorFlow's kernels (lstm_ops.h, gru_ops.h), in plain loops and doubles.
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import { gruStep, type LstmOptions, lstmStep, type Matrix } from '../../support/recurrence.ts';
import {
  type FunctionSpec,
  frame,
  functionNamed,
  graphWithFunctions,
  node,
  of,
  runBytes,
} from '../../support/tensorflow-control-flow.ts';
import {
  attr,
  constant,
  placeholder,
  runGraph,
  runOp,
  type Seen,
  type TfNode,
  tensor,
} from '../../support/tensorflow-graphs.ts';

const [BATCH, INPUTS, UNITS, STEPS] = [2, 3, 4, 5];
const random = seededRandom(7);
const matrix = (rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(2 * random() - 1)));
const vector = (length: number): number[] => matrix(1, length)[0] as number[];
const of2 = (m: Matrix) => tensor('FLOAT', [m.length, m[0]?.length ?? 0], m.flat());
const of1 = (v: readonly number[]) => tensor('FLOAT', [v.length], v);

function expectClose(actual: Seen | undefined, shape: readonly number[], values: readonly number[]): void {
  expect(actual?.shape).toEqual(shape);
  expect(actual?.values.length).toBe(values.length);
  const far = values.map((x, i) => Math.abs(x - Number(actual?.values[i])));
  expect(Math.max(...far)).toBeLessThan(2e-6);
}

const w = matrix(INPUTS + UNITS, 4 * UNITS);
const b = vector(4 * UNITS);
const [wci, wcf, wco] = [vector(UNITS), vector(UNITS), vector(UNITS)];
const peepholes = { wci, wcf, wco };
const x = matrix(BATCH, INPUTS);
const state = { cs: matrix(BATCH, UNITS).map((row) => row.map((v) => 4 * v)), h: matrix(BATCH, UNITS) };
const operands = [of2(x), of2(state.cs), of2(state.h), of2(w), of1(wci), of1(wcf), of1(wco), of1(b)];
const OUTPUTS = ['i', 'cs', 'f', 'o', 'ci', 'co', 'h'] as const;

describe('LSTMBlockCell', () => {
  test.each<[string, object, Partial<LstmOptions>]>([
    [
      'clips the state at 3 and adds 1 to the forget gate unless told otherwise',
      {},
      { forgetBias: 1, clip: 3 },
    ],
    ['has a forget bias', { forget_bias: attr.float(0.25), cell_clip: attr.float(-1) }, { forgetBias: 0.25 }],
    [
      'has peepholes',
      { use_peephole: attr.bool(true), cell_clip: attr.float(0.5) },
      { forgetBias: 1, clip: 0.5, peepholes },
    ],
  ])('%s', async (_, attributes, options) => {
    const expected = lstmStep(x, state, w, b, { order: ['i', 'ci', 'f', 'o'], forgetBias: 0, ...options });
    const outs = await runOp('LSTMBlockCell', operands, { ...attributes }, 7);
    OUTPUTS.forEach((name, i) => {
      expectClose(outs[i], [BATCH, UNITS], expected[name].flat());
    });
  });
});

describe.each([
  ['BlockLSTM', { order: ['i', 'ci', 'f', 'o'], forgetBias: 1, clip: 3 } as const],
  ['BlockLSTMV2', { order: ['i', 'f', 'ci', 'o'], forgetBias: 0 } as const],
])('%s', (op, options) => {
  test.each([0, 3, STEPS])('runs %i steps, and gives zeros after them', async (most) => {
    const sequence = Array.from({ length: STEPS }, () => matrix(BATCH, INPUTS));
    const length = tensor('INT64', [], [most]);
    const given = [length, tensor('FLOAT', [STEPS, BATCH, INPUTS], sequence.flat(2)), ...operands.slice(1)];
    const outs = await runOp(op, given, { T: attr.type('float') }, 7);
    let last: { cs: Matrix; h: Matrix } = state;
    const steps = sequence.slice(0, most).map((step) => {
      const next = lstmStep(step, last, w, b, options);
      last = next;
      return next;
    });
    const rest = new Array<number>((STEPS - most) * BATCH * UNITS).fill(0);
    OUTPUTS.forEach((name, i) => {
      expectClose(outs[i], [STEPS, BATCH, UNITS], [...steps.flatMap((step) => step[name].flat()), ...rest]);
    });
  });
});

test('GRUBlockCell resets, updates and mixes', async () => {
  const [ru, c] = [matrix(INPUTS + UNITS, 2 * UNITS), matrix(INPUTS + UNITS, UNITS)];
  const [biasRu, biasC] = [vector(2 * UNITS), vector(UNITS)];
  const given = [of2(x), of2(state.h), of2(ru), of2(c), of1(biasRu), of1(biasC)];
  const outs = await runOp('GRUBlockCell', given, {}, 4);
  const expected = gruStep(x, state.h, { ru, c, biasRu, biasC });
  (['r', 'u', 'c', 'h'] as const).forEach((name, i) => {
    expectClose(outs[i], [BATCH, UNITS], expected[name].flat());
  });
});

test.each(['CudnnRNN', 'CudnnRNNV3'])('%s is refused by its name', async (op) => {
  await expect(runOp(op, [of2(x)])).rejects.toThrow(`ERR TF op '${op}' (node 'out') is not supported`);
});

describe('an LSTM over a batch of sequences, in a loop', () => {
  const int = of('int32');
  const ints = (name: string, ...values: number[]) => constant(name, 'int32', [values.length], values);
  const scalar = (name: string, value: number) => constant(name, 'int32', [], [value]);
  const sequence = Array.from({ length: STEPS }, () => matrix(BATCH, INPUTS));
  /** Batch first, as models take it. */
  const fed = tensor(
    'FLOAT',
    [BATCH, STEPS, INPUTS],
    Array.from({ length: BATCH }, (_, n) => sequence.map((step) => step[n])).flat(2) as number[],
  );
  /** One step: gates as a dense layer, split, and what TF's LSTM layers do with them. `:` of a function's body is in `port`. */
  const cell = (
    at: string,
    row: string,
    c: string,
    h: string,
    port: (name: string, out: string) => string,
  ): TfNode[] => {
    const ref = (name: string, out: string) => port(`${at}${name}`, out);
    return [
      node('ConcatV2', `${at}both`, [row, h, port('one', 'output')], { N: attr.int(2) }),
      node('MatMul', `${at}dense`, [ref('both', 'output'), port('w', 'output')]),
      node('BiasAdd', `${at}gates`, [ref('dense', 'product'), port('b', 'output')]),
      node('Split', `${at}split`, [port('one', 'output'), ref('gates', 'output')], {
        num_split: attr.int(4),
      }),
      ...['i', 'f', 'ci', 'o'].map((gate, k) =>
        node(gate === 'ci' ? 'Tanh' : 'Sigmoid', `${at}${gate}`, [
          port(`${at}split`, 'output') === `${at}split` ? `${at}split:${k}` : `${at}split:output:${k}`,
        ]),
      ),
      node('Mul', `${at}kept`, [ref('f', 'y'), c]),
      node('Mul', `${at}new`, [ref('i', 'y'), ref('ci', 'y')]),
      node('AddV2', `${at}cs`, [ref('kept', 'z'), ref('new', 'z')]),
      node('Tanh', `${at}co`, [ref('cs', 'z')]),
      node('Mul', `${at}h`, [ref('o', 'y'), ref('co', 'y')]),
    ];
  };
  const weights = [
    constant('w', 'float', [INPUTS + UNITS, 4 * UNITS], w.flat()),
    constant('b', 'float', [4 * UNITS], b),
    scalar('one', 1),
  ];
  /** Time first; the number of steps; states of zeros for any batch. */
  const around = [
    ...[placeholder('x', 'float', [-1, -1, INPUTS]), ints('perm', 1, 0, 2), ...weights, scalar('zero', 0)],
    node('Transpose', 'steps', ['x', 'perm']),
    ...[node('Shape', 'shape', ['steps']), ints('0', 0), ints('1', 1), ints('2', 2), ints('units', UNITS)],
    node('StridedSlice', 'n', ['shape', '0', '1', '1'], { ...int, shrink_axis_mask: attr.int(1) }),
    node('StridedSlice', 'batch', ['shape', '1', '2', '1'], int),
    node('ConcatV2', 'dims', ['batch', 'units', 'zero'], int),
    ...[constant('0.0', 'float', [], [0]), node('Fill', 'zeros', ['dims', '0.0'])],
  ];
  let last: { cs: Matrix; h: Matrix } = { cs: [], h: [] };
  last = { cs: matrix(BATCH, UNITS).map((row) => row.map(() => 0)), h: [] };
  last.h = last.cs;
  const reference = sequence.map((step) => {
    last = lstmStep(step, last, w, b, { order: ['i', 'f', 'ci', 'o'], forgetBias: 0 });
    return last.h;
  });

  test('of TensorFlow 1, with arrays', async () => {
    const typed = { dtype: attr.type('float') };
    const nodes = [
      ...around,
      ...['in', 'out'].map((name) => ({ ...node('TensorArrayV3', name, ['n'], typed) })),
      node('Range', 'range', ['zero', 'n', 'one'], { Tidx: attr.type('int32') }),
      node('TensorArrayScatterV3', 'filled', ['in', 'range', 'steps', 'in:1']),
      ...frame({
        name: 'loop',
        variables: {
          ...{ t: { from: 'zero', dtype: 'int32' }, out: { from: 'out:1' } },
          ...{ c: { from: 'zeros' }, h: { from: 'zeros' } },
        },
        constants: { in: 'in', filled: 'filled', array: 'out', n: 'n' },
        condition: [node('Less', 'loop/less', ['loop/t/merge', 'loop/n'], int)],
        body: [
          node('TensorArrayReadV3', 'loop/row', ['loop/in', 'loop/t', 'loop/filled'], typed),
          ...cell('loop/cell/', 'loop/row', 'loop/c', 'loop/h', (name) => name),
          node('TensorArrayWriteV3', 'loop/written', ['loop/array', 'loop/t', 'loop/cell/h', 'loop/out']),
          node('AddV2', 'loop/t1', ['loop/t', 'one'], int),
        ],
        next: { t: 'loop/t1', out: 'loop/written', c: 'loop/cell/cs', h: 'loop/cell/h' },
      }),
      node('TensorArraySizeV3', 'size', ['out', 'loop/out/exit']),
      node('Range', 'all', ['zero', 'size', 'one'], { Tidx: attr.type('int32') }),
      node('TensorArrayGatherV3', 'y', ['out', 'all', 'loop/out/exit'], typed),
    ];
    const [y, h] = await runGraph(nodes, { x: fed }, 'y', 'loop/h/exit');
    expectClose(y, [STEPS, BATCH, UNITS], reference.flat(2));
    expectClose(h, [BATCH, UNITS], (reference.at(-1) as Matrix).flat());
  });

  test('of TensorFlow 2, with functions and lists', async () => {
    const element = { element_dtype: attr.type('float') };
    const given = { t: 'int32', n: 'int32', out: 'float', c: 'float', h: 'float', steps: 'float' } as const;
    const goesOn: FunctionSpec = {
      name: 'goes_on',
      arguments: given,
      results: { r: ['less:z:0', 'bool'] },
      nodes: [node('Less', 'less', ['t', 'n'], int)],
    };
    const body: FunctionSpec = {
      name: 'body',
      arguments: given,
      results: {
        ...{ t: ['t1:z:0', 'int32'], n: ['n', 'int32'], out: ['set:output_handle:0', 'float'] },
        ...{ c: ['cs:z:0', 'float'], h: ['h1:z:0', 'float'], steps: ['steps', 'float'] },
      },
      nodes: [
        ...[...weights, ints('dims', -1, UNITS)],
        node('TensorListGetItem', 'row', ['steps', 't', 'dims:output:0'], element),
        ...cell('', 'row:item:0', 'c', 'h', (name, out) => `${name}:${out}:0`).map((each) =>
          // The body has an argument of that name.
          each.name === 'h' ? { ...each, name: 'h1' } : each,
        ),
        node('TensorListSetItem', 'set', ['out', 't', 'h1:z:0'], element),
        node('AddV2', 't1', ['t', 'one:output:0'], int),
      ],
    };
    const attributes = { cond: functionNamed('goes_on'), body: functionNamed('body') };
    const nodes = [
      ...[...around, ints('dims_of_rows', -1, UNITS)],
      node('TensorListReserve', 'out', ['dims_of_rows', 'n'], element),
      node('TensorListFromTensor', 'rows', ['steps', 'dims_of_rows'], element),
      node('StatelessWhile', 'loop', ['zero', 'n', 'out', 'zeros', 'zeros', 'rows'], attributes),
      node('TensorListStack', 'y', ['loop:2', 'dims_of_rows'], element),
    ];
    const blob = graphWithFunctions(nodes, [goesOn, body]);
    const [y, h] = await runBytes(blob, { x: fed }, 'y', 'loop:4');
    expectClose(y, [STEPS, BATCH, UNITS], reference.flat(2));
    expectClose(h, [BATCH, UNITS], (reference.at(-1) as Matrix).flat());
  });
});
