import type { DataType } from './data-types.ts';
import type { Value } from './value.ts';

interface Kernel {
  /** What ONNX Runtime 1.30 has a kernel for on the CPU, found by loading one model for each operator and dtype. */
  readonly dtypes: readonly DataType[];
  /** The inputs that are of that dtype; all where it is not said. */
  readonly operands?: readonly number[];
  /** The outputs that are; the first where it is not said. */
  readonly results?: readonly number[];
}

export interface Widening {
  readonly to: DataType;
  readonly operands: readonly number[] | undefined;
  readonly results: readonly number[];
}

const WIDE: readonly DataType[] = ['float', 'double', 'int32', 'int64'];
const ORDERED: readonly DataType[] = [...WIDE, 'uint8', 'int8'];

/** Operators that lack kernels for some dtypes that ONNX allows. float16 is none of them: ONNX Runtime widens it itself. */
const KERNELS: Readonly<Record<string, Kernel>> = {
  Max: { dtypes: [...ORDERED, 'uint32', 'uint64'] },
  Min: { dtypes: [...ORDERED, 'uint32', 'uint64'] },
  Clip: { dtypes: [...ORDERED, 'uint32', 'uint64'] },
  Sum: { dtypes: ['float', 'double'] },
  Pow: { dtypes: WIDE },
  Relu: { dtypes: ['float', 'double', 'int32', 'int8'] },
  MatMul: { dtypes: [...WIDE, 'uint32', 'uint64'] },
  Einsum: { dtypes: WIDE },
  Where: { dtypes: [...WIDE, 'uint8', 'string'], operands: [1, 2] },
  NonZero: { dtypes: ['float', 'int32', 'int64', 'uint8', 'bool'], operands: [0], results: [] },
  OneHot: { dtypes: ['float', 'int64', 'string'], operands: [2] },
  Range: { dtypes: [...WIDE, 'int16'] },
  Pad: { dtypes: [...ORDERED, 'uint32', 'uint64', 'bool'], operands: [0, 2] },
  CumSum: { dtypes: WIDE, operands: [0] },
  TopK: { dtypes: [...ORDERED, 'int16'], operands: [0] },
  Trilu: { dtypes: ['float', 'double', 'int32', 'int64', 'bool'], operands: [0] },
  DepthToSpace: { dtypes: ['float', 'double', 'uint8', 'int8'] },
  SpaceToDepth: { dtypes: ['float', 'double', 'uint8', 'int8'] },
  MaxPool: { dtypes: ['float', 'double', 'uint8', 'int8'] },
  ReduceSum: { dtypes: WIDE, operands: [0] },
  ReduceProd: { dtypes: WIDE, operands: [0] },
  ReduceMean: { dtypes: WIDE, operands: [0] },
  ReduceSumSquare: { dtypes: WIDE, operands: [0] },
  ReduceMax: { dtypes: [...ORDERED, 'bool'], operands: [0] },
  ReduceMin: { dtypes: [...ORDERED, 'bool'], operands: [0] },
  ArgMax: { dtypes: ORDERED, results: [] },
  ArgMin: { dtypes: ORDERED, results: [] },
};

/** Where else an operator may be computed, in order: every element has the same value there. */
const WIDER: Partial<Record<DataType, readonly DataType[]>> = {
  bool: ['uint8', 'int32', 'int64', 'float'],
  int8: ['int32', 'int64', 'float'],
  uint8: ['int32', 'int64', 'float'],
  int16: ['int32', 'int64', 'float'],
  uint16: ['int32', 'int64', 'float'],
  int32: ['int64', 'double'],
  uint32: ['int64', 'double'],
};

/** What comes out of these is the same whether bits are taken as signed or not. */
const SIGN_BLIND = new Set([
  'Where',
  'ReduceSum',
  'ReduceProd',
  'NonZero',
  'CumSum',
  'OneHot',
  'Trilu',
  'Einsum',
  'Range',
]);

/** The dtype to compute the operator in, where ONNX Runtime has no kernel for the one that it is given. */
export function widened(op: string, inputs: readonly (Value | null)[]): Widening | undefined {
  const kernel = KERNELS[op];
  const dtype = kernel && inputs[kernel.operands?.[0] ?? 0]?.dtype;
  if (kernel === undefined || dtype === undefined || kernel.dtypes.includes(dtype)) return undefined;
  const candidates = dtype === 'uint64' && SIGN_BLIND.has(op) ? (['int64'] as const) : WIDER[dtype];
  const to = candidates?.find((candidate) => kernel.dtypes.includes(candidate));
  return to && { to, operands: kernel.operands, results: kernel.results ?? [0] };
}
