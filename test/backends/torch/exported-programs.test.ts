import { describe, expect, test } from 'vitest';
import {
  bool,
  exported,
  exportedOf,
  float,
  GENERATIONS,
  int,
  ints,
  node,
  none,
  open,
  type Program,
  programJson,
  refusal,
  runArchive,
  symInt,
  symInts,
  tensor,
  tensors,
} from '../../support/exported-programs.ts';
import { tensor as values } from '../../support/tensorflow-graphs.ts';

const LINEAR: Program = {
  inputs: { x: { shape: ['s0', 2] } },
  parameters: {
    p_fc_weight: { shape: [3, 2], elements: [1, 2, 3, 4, 5, 6] },
    p_fc_bias: { shape: [3], elements: [0, 10, 20] },
  },
  nodes: [
    node('linear', 'linear.default', {
      input: tensor('x'),
      weight: tensor('p_fc_weight'),
      bias: tensor('p_fc_bias'),
    }),
  ],
  outputs: ['linear'],
};

const floats = (...elements: number[]) => values('FLOAT', [elements.length], elements);
const X = { x: { shape: [2] } };
/** What a program of one vector gives for it. */
const outputOf = async (program: Omit<Program, 'inputs'>, ...elements: number[]) => {
  const [outputs] = await runArchive(exported({ inputs: { x: { shape: [elements.length] } }, ...program }), [
    floats(...elements),
  ]);
  return outputs?.map((output) => output.values);
};

describe('an archive of torch.export.save', () => {
  test.each(GENERATIONS)('runs for any size that a symbol stands for: %s', async (generation) => {
    const runs = await runArchive(
      exported(LINEAR, generation),
      [values('FLOAT', [1, 2], [1, 1])],
      [values('FLOAT', [2, 2], [1, 0, 0, 1])],
    );
    expect(runs).toEqual([
      [{ dtype: 'FLOAT', shape: [1, 3], values: [3, 17, 31] }],
      [{ dtype: 'FLOAT', shape: [2, 3], values: [1, 13, 25, 2, 14, 26] }],
    ]);
  });

  test.each(GENERATIONS)(
    'has tensors that are in no state dict, at an offset and turned: %s',
    async (generation) => {
      const program: Program = {
        inputs: { x: { shape: [2, 2] } },
        constants: { b_mask: { shape: [2, 2], strides: [1, 2], offset: 1, elements: [9, 1, 2, 3, 4] } },
        nodes: [node('mul', 'mul.Tensor', { self: tensor('x'), other: tensor('b_mask') })],
        outputs: ['mul'],
      };
      const [outputs] = await runArchive(exported(program, generation), [
        values('FLOAT', [2, 2], [1, 1, 1, 10]),
      ]);
      expect(outputs?.[0]?.values).toEqual([1, 3, 2, 40]);
    },
  );

  test('tells the names of its inputs', async () => {
    const session = await open(exported(LINEAR));
    expect([session.inputs, session.outputs.length]).toEqual([['x'], 1]);
    await session.close();
  });

  test('with signatures as torch 2.1 has them runs, and is refused where it writes to a buffer', async () => {
    const json = programJson(LINEAR, 'first') as {
      graph_module: { signature: object; graph: { tensor_values: Record<string, object> } };
    };
    const { graph } = json.graph_module;
    graph.tensor_values = Object.fromEntries(
      Object.entries(graph.tensor_values).map(([name, meta]) => [name, { meta }]),
    );
    const signature = {
      inputs_to_parameters: { p_fc_weight: 'fc_weight' },
      inputs_to_buffers: { p_fc_bias: 'fc_bias' },
      user_inputs: ['x'],
      user_outputs: ['linear'],
      buffers_to_mutate: {},
      backward_signature: null,
    };
    json.graph_module.signature = signature;
    const [outputs] = await runArchive(exportedOf(JSON.stringify(json), LINEAR, 'first'), [
      values('FLOAT', [1, 2], [1, 1]),
    ]);
    expect(outputs?.[0]?.values).toEqual([3, 17, 31]);
    json.graph_module.signature = { ...signature, buffers_to_mutate: { linear: 'fc_bias' } };
    expect(await refusal(exportedOf(JSON.stringify(json), LINEAR, 'first'))).toContain(
      "the program writes to its buffer 'fc_bias'",
    );
  });
});

describe('the inputs of an exported program', () => {
  const run = async (program: Program, ...inputs: ReturnType<typeof values>[]) =>
    runArchive(exported(program), inputs).then(
      () => null,
      (error: Error) => error.message,
    );
  const add: Program = {
    inputs: { x: { shape: ['s0', 3] }, y: { shape: ['s0', 3] } },
    nodes: [node('add', 'add.Tensor', { self: tensor('x'), other: tensor('y') })],
    outputs: ['add'],
    ranges: { s0: { min_val: 3, max_val: 5 } },
  };
  const rows = (count: number, columns = 3) =>
    values('FLOAT', [count, columns], new Array<number>(count * columns).fill(1));

  test.each([
    ['a dimension that is fixed', rows(3, 2), rows(3), "'x' has to measure 3 in dimension 1, got 2"],
    ['too little', rows(2), rows(2), "'x' has to measure at least 3 in dimension 0, got 2"],
    ['too much', rows(6), rows(6), "'x' has to measure at most 5 in dimension 0, got 6"],
    [
      'one size for two',
      rows(3),
      rows(4),
      "'y' has to measure 3, as another input has it in dimension 0, got 4",
    ],
    ['another rank', values('FLOAT', [3], [1, 2, 3]), rows(3), "'x' has 2 dimensions, got 1"],
    ['another dtype', values('INT64', [3, 3], new Array(9).fill(1)), rows(3), "'x' is FLOAT, got INT64"],
  ])('are checked: %s', async (_, x, y, reason) => {
    expect(await run(add, x, y)).toBe(`ERR TORCH input ${reason}`);
    expect(await run(add, rows(4), rows(4))).toBeNull();
  });

  test('may measure 0 or 1 where torch only took for granted that they do not', async () => {
    const program: Program = { ...add, ranges: { s0: { min_val: 2, max_val: null } } };
    expect(await run(program, rows(1), rows(1))).toBeNull();
    expect(await run(program, rows(0), rows(0))).toBeNull();
  });

  test('may be measured by what others measure', async () => {
    const twice = "Mul(Integer(2), Symbol('s0', positive=True, integer=True))";
    const more = "Add(Symbol('s0', positive=True, integer=True), Integer(-1))";
    const program: Program = {
      inputs: { x: { shape: [twice] }, y: { shape: [more] }, z: { shape: ["Symbol('s0', integer=True)"] } },
      nodes: [node('cat', 'cat.default', { tensors: tensors('x', 'y', 'z') })],
      outputs: ['cat'],
    };
    expect(await run(program, floats(1, 2, 3, 4), floats(5), floats(6, 7))).toBeNull();
    const reason = (name: string, expected: number, actual: number) =>
      `ERR TORCH input '${name}' has to measure ${expected} in dimension 0, got ${actual}`;
    expect(await run(program, floats(1, 2, 3), floats(5), floats(6, 7))).toBe(reason('x', 4, 3));
    expect(await run(program, floats(1, 2), floats(5), floats(6))).toBe(reason('y', 0, 1));
  });

  test.each([
    ["((1 + L['x'].size()[0]) // 2) == 2", [3, 4], [5, 2]],
    ["L['x'].size()[0] % 2 != 0 and not L['x'].size()[0] <= 1", [3, 5], [2, 1]],
    ["min(L['x'].size()[0], 4) > -(-3) or max(L['x'].size()[0], 2) == 2", [4, 1], [3]],
    ["3*L['x'].size()[0] - 2**2 >= 5.5", [4], [3]],
    ["L['z'].size()[0] == 7", [3], []],
    ["L['x'].numel() == 7", [3], []],
    ["L['x'].size()[0] ==", [3], []],
    ['('.repeat(5000), [3], []],
    [`${'-'.repeat(4000)}1 == 1`, [3], []],
  ])('fulfil what torch asks of them besides: %#', async (guard, good, bad) => {
    const program: Program = {
      inputs: { x: { shape: ['s0'] } },
      nodes: [node('neg', 'neg.default', { self: tensor('x') })],
      outputs: ['neg'],
      guards: [guard],
    };
    const vector = (size: number) => values('FLOAT', [size], new Array<number>(size).fill(1));
    // The sizes that the program is prepared with come from its export, and so fulfil it.
    const hinted = (size: number) => {
      const json = JSON.stringify(programJson(program)).replace('"hint":null', `"hint":{"as_int":${size}}`);
      return exportedOf(json, program);
    };
    const session = await open(hinted(good[0] as number));
    for (const size of good) expect((await session.run([vector(size)]))[0]?.shape).toEqual([size]);
    for (const size of bad) {
      await expect(session.run([vector(size)])).rejects.toThrow(
        `ERR TORCH inputs do not fulfil what the program was exported for: ${guard}`,
      );
    }
    await session.close();
  });

  test('of half precision come as FLOAT and are rounded', async () => {
    const program: Program = {
      inputs: { x: { dtype: 'half', shape: [1] } },
      nodes: [node('mul', 'mul.Scalar', { self: tensor('x'), other: float(1) })],
      outputs: ['mul'],
    };
    const [outputs] = await runArchive(exported(program), [floats(1 / 3)]);
    expect(outputs).toEqual([{ dtype: 'FLOAT', shape: [1], values: [0.333251953125] }]);
  });

  test('may be a number of the program', async () => {
    const json = programJson({
      inputs: { x: { shape: [3] }, n: { dtype: 'int64', shape: [1] } },
      nodes: [node('mul', 'mul.Tensor', { self: tensor('x'), other: symInt('n') })],
      outputs: ['mul'],
    }) as never as Record<string, { graph: Record<string, unknown[]>; signature: Record<string, unknown[]> }>;
    const { graph, signature } = json.graph_module as NonNullable<(typeof json)['']>;
    delete (graph.tensor_values as never as Record<string, unknown>).n;
    graph.sym_int_values = { n: { as_expr: { expr_str: 's1', hint: { as_int: 4 } } } } as never;
    (graph.inputs as unknown[])[1] = symInt('n');
    (signature.input_specs as unknown[])[1] = { user_input: { arg: symInt('n') } };
    const archive = exportedOf(JSON.stringify(json), { inputs: {}, nodes: [], outputs: [] });
    const [outputs] = await runArchive(archive, [floats(1, 2, 3), values('INT64', [1], [5])]);
    expect(outputs?.[0]?.values).toEqual([5, 10, 15]);
  });

  test('that are constants of the program are not asked for', async () => {
    const json = programJson({
      inputs: { x: { shape: [2] }, mode: { shape: [] } },
      nodes: [
        node('div', 'div.Scalar_mode', {
          self: tensor('x'),
          other: float(2),
          rounding_mode: { as_string: 'floor' },
        }),
      ],
      outputs: ['div'],
    }) as never as Record<string, { graph: Record<string, unknown[]>; signature: Record<string, unknown[]> }>;
    const { graph, signature } = json.graph_module as NonNullable<(typeof json)['']>;
    (graph.inputs as unknown[])[1] = { as_string: 'floor' };
    (signature.input_specs as unknown[])[1] = {
      constant_input: { name: 'mode', value: { as_string: 'floor' } },
    };
    const archive = exportedOf(JSON.stringify(json), { inputs: {}, nodes: [], outputs: [] });
    expect((await runArchive(archive, [floats(3, -3)]))[0]?.[0]?.values).toEqual([1, -2]);
  });
});

describe('the numbers of an exported program', () => {
  test('are computed from sizes', async () => {
    const size = (name: string, dim: number) => ({
      ...node(name, 'sym_size.int', { self: tensor('x'), dim: int(dim) }),
      outputs: [symInt(name)],
    });
    const symbolic = (name: string, target: string, inputs: Record<string, object>) => ({
      target,
      inputs: inputs as never,
      outputs: [symInt(name)],
    });
    const program: Program = {
      inputs: { x: { shape: ['s0', 's1'] } },
      nodes: [
        size('rows', 0),
        size('columns', 1),
        symbolic('all', '_operator.mul', { a: symInt('rows'), b: symInt('columns') }),
        symbolic('more', '_operator.add', { a: symInt('all'), b: int(1) }),
        symbolic('half', '_operator.floordiv', { a: symInt('more'), b: int(2) }),
        symbolic('rest', '_operator.mod', { a: symInt('all'), b: int(4) }),
        symbolic('third', '_operator.truediv', { a: symInt('all'), b: int(3) }),
        symbolic('up', 'math.ceil', { x: { as_sym_float: { as_name: 'third' } } }),
        symbolic('down', 'math.trunc', { x: { as_sym_float: { as_name: 'third' } } }),
        symbolic('most', 'torch.sym_max', { a: symInt('rows'), b: symInt('columns') }),
        symbolic('below', '_operator.neg', { a: symInt('rows') }),
        node('flat', 'view.default', { self: tensor('x'), size: symInts('all') }),
        node('turned', 'view.default', { self: tensor('x'), size: symInts('columns', 'rows') }),
        node('full', 'full.default', { size: symInts('half', 1), fill_value: symInt('rest') }),
        node('range', 'arange.start_step', { start: symInt('below'), end: symInt('most'), step: int(1) }),
      ],
      outputs: ['flat', 'turned', 'full', 'range', symInt('up'), symInt('down'), symInt('most'), int(7)],
    };
    const runs = await runArchive(
      exported(program),
      [values('FLOAT', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
      [values('FLOAT', [1, 2], [1, 2])],
    );
    const shown = runs.map((outputs) => outputs.map(({ shape, values: elements }) => [shape, elements]));
    const all = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(shown[0]).toEqual([
      ...[
        [[8], all],
        [[4, 2], all],
        [
          [4, 1],
          [0, 0, 0, 0],
        ],
        [[6], [-2, -1, 0, 1, 2, 3]],
      ],
      ...[
        [[], [3]],
        [[], [2]],
        [[], [4]],
        [[], [7]],
      ],
    ]);
    expect(shown[1]).toEqual([
      ...[
        [[2], [1, 2]],
        [
          [2, 1],
          [1, 2],
        ],
        [[1, 1], [2]],
        [[3], [-1, 0, 1]],
      ],
      ...[
        [[], [1]],
        [[], [0]],
        [[], [2]],
        [[], [7]],
      ],
    ]);
  });

  test('that are infinite are written in two ways', async () => {
    const fill = (value: unknown) =>
      JSON.stringify(
        programJson({
          inputs: X,
          nodes: [node('full', 'full_like.default', { self: tensor('x'), fill_value: { as_float: 'HERE' } })],
          outputs: ['full'],
        }),
      ).replace('"HERE"', value as string);
    for (const [text, expected] of [
      ['-Infinity', -Infinity],
      ['"Infinity"', Infinity],
      ['NaN', Number.NaN],
    ] as const) {
      const archive = exportedOf(fill(text), { inputs: X, nodes: [], outputs: [] });
      expect((await runArchive(archive, [floats(1, 2)]))[0]?.[0]?.values).toEqual([expected, expected]);
    }
  });
});

describe('the nodes of an exported program', () => {
  test('take arguments by the names of the schema, in any order and of all kinds', async () => {
    const program: Omit<Program, 'inputs'> = {
      constants: { c_at: { shape: [2], elements: [2, 0] } },
      nodes: [
        node('places', '_to_copy.default', { self: tensor('c_at'), dtype: { as_scalar_type: 5 } }),
        node('picked', 'index.Tensor', {
          self: tensor('x'),
          indices: { as_optional_tensors: [{ as_tensor: { name: 'places' } }] },
        }),
        node('added', 'add.Tensor', { alpha: int(3), other: tensor('picked'), self: tensor('picked') }),
        node('joined', 'cat.default', { tensors: tensors('added', 'x'), dim: int(0) }),
        node('made', 'empty_like.default', {
          self: tensor('joined'),
          memory_format: none,
          device: { as_device: { type: 'cuda', index: 0 } },
          layout: { as_layout: 7 },
          pin_memory: bool(false),
        }),
        node('filled', 'where.self', {
          condition: tensor('joined'),
          self: tensor('joined'),
          other: tensor('made'),
        }),
        node('bounded', 'clamp.default', {
          self: tensor('filled'),
          min: none,
          max: { as_sym_float: { as_float: 9.5 } },
        }),
        node(['top', 'at'], 'topk.default', { self: tensor('bounded'), k: { as_sym_int: { as_int: 2 } } }),
        {
          ...node('parts', 'split_with_sizes.default', { self: tensor('bounded'), split_sizes: ints(1, 4) }),
          outputs: [{ as_tensors: [{ name: 'first' }, { name: 'rest' }] }],
        },
      ],
      outputs: ['top', 'at', 'first', 'rest'],
    };
    expect(await outputOf(program, 1, 0, 3)).toEqual([[9.5, 4], [0, 1], [9.5], [4, 1, 0, 3]]);
  });

  test('may change a tensor, and its views with it', async () => {
    const program: Omit<Program, 'inputs'> = {
      nodes: [
        node('copy', 'clone.default', { self: tensor('x') }),
        node('part', 'slice.Tensor', { self: tensor('copy'), dim: int(0), start: int(1), end: int(2 ** 63) }),
        node('add_', 'add_.Tensor', { self: tensor('part'), other: tensor('part') }),
      ],
      outputs: ['copy', 'add_', none],
    };
    expect(await outputOf(program, 1, 2, 3)).toEqual([
      [1, 4, 6],
      [4, 6],
    ]);
  });

  test('may not change what the program was exported with, or the next run would find it changed', async () => {
    const adding = (role: 'parameters' | 'constants', name: string) =>
      refusal(
        exported({
          inputs: X,
          [role]: { [name]: { shape: [2], elements: [1, 2] } },
          nodes: [
            node('view', 'view.default', { self: tensor(name), size: ints(2) }),
            node('add_', 'add_.Tensor', { self: tensor('view'), other: tensor('x') }),
          ],
          outputs: ['add_'],
        }),
      );
    expect(await adding('parameters', 'p_w')).toContain(
      "the program writes to its parameter 'w', and a model keeps",
    );
    expect(await adding('constants', 'b_n')).toContain(
      "the program writes to its buffer 'n', and a model keeps",
    );
  });

  test('that call what is not there are named, with the line of the source, when the model is stored', async () => {
    const stack = [
      '  File "/home/someone/train.py", line 7, in <module>',
      '    model(x)',
      '  File "/home/someone/net.py", line 12, in forward',
      '    return torch.fft.rfft(x)',
      '  File "/usr/lib/python3/dist-packages/torch/fft.py", line 3, in rfft',
    ].join('\n');
    const call = { ...node('fft', '_fft_r2c.default', { self: tensor('x') }), stack };
    const program: Program = { inputs: X, nodes: [call], outputs: ['fft'] };
    expect(await refusal(exported(program))).toBe(
      "ERR TORCH op 'aten::_fft_r2c' is not supported (/home/someone/net.py:12 in forward)",
    );
    const custom = { ...call, target: 'mine.op.Tensor', stack: '' };
    expect(await refusal(exported({ ...program, nodes: [custom] }))).toBe(
      "ERR TORCH op 'mine::op.Tensor' is not supported (node fft)",
    );
    const python = { ...call, target: '_operator.matmul', stack: '' };
    expect(await refusal(exported({ ...program, nodes: [python] }))).toBe(
      "ERR TORCH op '_operator.matmul' is not supported (node fft)",
    );
  });

  test.each([
    ['lack an argument', { self: tensor('x') }, "op 'aten::add(Tensor)' is not supported (node add)"],
    [
      'have one too many',
      { self: tensor('x'), other: tensor('x'), third: { as_string: 'a' } },
      "op 'aten::add(Tensor, Tensor, str)' is not",
    ],
    ['take what is not there', { self: tensor('x'), other: tensor('z') }, "there is no value 'z' (node add)"],
    [
      'take an object',
      { self: { as_custom_obj: { name: 'o', class_fqn: 'C' } } },
      'an object of C is not supported',
    ],
    [
      'take a dtype that is unknown',
      { self: { as_scalar_type: 29 } },
      'the dtype of scalar type 29 is not supported',
    ],
    [
      'take complex numbers',
      { self: { as_complex: { real: 1, imag: 2 } } },
      'a complex number is not supported',
    ],
  ])('that %s are refused', async (_, inputs, reason) => {
    const program: Program = {
      inputs: X,
      nodes: [node('add', 'add.Tensor', inputs as never)],
      outputs: ['add'],
    };
    expect(await refusal(exported(program))).toContain(reason);
  });
});

describe('control flow of an exported program', () => {
  const graph = (op: string, names: readonly string[] = ['a']) => ({
    as_graph: {
      name: op,
      graph: {
        inputs: names.map(tensor),
        outputs: [tensor('out')],
        nodes: [
          {
            target: `torch.ops.aten.${op}`,
            inputs: [{ name: 'self', arg: tensor('a') }],
            outputs: [tensor('out')],
            metadata: {},
          },
        ],
        tensor_values: {},
        sym_int_values: {},
        sym_bool_values: {},
        is_single_tensor_return: false,
      },
    },
  });
  const cond = (predicate: object) => ({
    target: 'higher_order.cond',
    inputs: { 0: predicate, 1: graph('neg.default'), 2: graph('exp.default'), 3: tensors('x') } as never,
    outputs: ['cond'],
  });

  test('chooses by what is in a tensor', async () => {
    const program: Omit<Program, 'inputs'> = {
      nodes: [
        node('sum', 'sum.default', { self: tensor('x') }),
        node('gt', 'gt.Scalar', { self: tensor('sum'), other: int(0) }),
        cond(tensor('gt')),
      ],
      outputs: ['cond'],
    };
    expect(await outputOf(program, 1, 2)).toEqual([[-1, -2]]);
    expect(await outputOf(program, -1, 0)).toEqual([[Math.fround(Math.exp(-1)), 1]]);
  });

  test('chooses by a size, for each run', async () => {
    const program: Program = {
      inputs: { x: { shape: ['s0'] } },
      nodes: [
        { ...node('size', 'sym_size.int', { self: tensor('x'), dim: int(0) }), outputs: [symInt('size')] },
        {
          target: '_operator.gt',
          inputs: { a: symInt('size'), b: int(1) },
          outputs: [{ as_sym_bool: { as_name: 'gt' } }],
        },
        cond({ as_sym_bool: { as_name: 'gt' } }),
      ],
      outputs: ['cond'],
    };
    const runs = await runArchive(exported(program), [floats(0, 2)], [floats(0)], [floats(1, 2, 3)]);
    expect(runs.map(([output]) => output?.values)).toEqual([[-0, -2], [1], [-1, -2, -3]]);
  });

  test('goes round while what is in a tensor says so, and not for ever', async () => {
    const loop = (condition: string) => ({
      target: 'higher_order.while_loop',
      inputs: {
        0: graph(condition),
        1: graph('neg.default'),
        2: tensors('x'),
        3: { as_tensors: [] },
      } as never,
      outputs: ['last'],
    });
    const program = (condition: string) => ({
      inputs: { x: { shape: [1] } },
      nodes: [loop(condition)],
      outputs: ['last'],
    });
    // Whether the sign is set, as a bool: -3, then 3.
    const runs = await runArchive(
      exported(program('signbit.default')),
      [floats(-3)],
      [floats(2)],
      [floats(-5)],
    );
    expect(runs.map(([output]) => output?.values)).toEqual([[3], [2], [5]]);
    expect(await refusal(exported({ ...program('is_floating_point.default') }))).toContain(
      'it may never end',
    );
  });

  test('that only marks a part of the program is passed through', async () => {
    const wrapped = (target: string, ...before: object[]) => ({
      target: `higher_order.${target}`,
      inputs: { ...before, graph: graph('neg.default'), last: tensor('x') } as never,
      outputs: ['out'],
    });
    for (const call of [
      wrapped('wrap_with_set_grad_enabled', bool(false)),
      wrapped('wrap_with_autocast', { as_string: 'cpu' }, none, bool(false), none),
    ]) {
      expect(await outputOf({ nodes: [call], outputs: ['out'] }, 1, 2)).toEqual([[-1, -2]]);
    }
    const shared = {
      target: 'higher_order.invoke_subgraph',
      inputs: { 0: graph('neg.default'), 1: { as_string: 'one' }, 2: tensor('x') } as never,
      outputs: ['out'],
    };
    expect(await outputOf({ nodes: [shared], outputs: ['out'] }, 1, 2)).toEqual([[-1, -2]]);
    const autocast = wrapped('wrap_with_autocast', { as_string: 'cpu' }, none, bool(true), none);
    expect(await refusal(exported({ inputs: X, nodes: [autocast], outputs: ['out'] }))).toContain(
      'autocast is not supported (node out)',
    );
  });

  test('of another kind is refused by its name, and so is an op in a branch', async () => {
    const loop = { ...cond(bool(true)), target: 'higher_order.scan' };
    expect(await refusal(exported({ inputs: X, nodes: [loop], outputs: ['cond'] }))).toBe(
      "ERR TORCH op 'higher_order::scan' is not supported (node cond)",
    );
    const branch = {
      ...cond(bool(true)),
      inputs: { 0: bool(true), 1: graph('neg.default'), 2: graph('cow.out') } as never,
    };
    expect(await refusal(exported({ inputs: X, nodes: [branch], outputs: ['cond'] }))).toBe(
      "ERR TORCH op 'aten::cow.out' is not supported (node out)",
    );
  });
});
