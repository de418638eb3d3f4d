import { type DataType, isFloat } from '../../onnx-graph/data-types.ts';

/** torch's numbers of dtypes. bfloat16 is computed in float. */
const BY_NUMBER: Readonly<Record<number, DataType>> = {
  ...{ 0: 'uint8', 1: 'int8', 2: 'int16', 3: 'int32', 4: 'int64', 5: 'float16', 6: 'float', 7: 'double' },
  ...{ 11: 'bool', 15: 'float' },
};
const NUMBERS: Partial<Record<DataType, number>> = {
  ...{ uint8: 0, int8: 1, int16: 2, int32: 3, int64: 4, float16: 5, float: 6, double: 7, bool: 11 },
};
const WIDTH: readonly DataType[] = [
  'bool',
  'uint8',
  'int8',
  'int16',
  'int32',
  'int64',
  'float16',
  'float',
  'double',
];

export function dtypeByNumber(number: number): DataType | undefined {
  return BY_NUMBER[number];
}

export function numberOfDtype(dtype: DataType): number {
  return NUMBERS[dtype] ?? -1;
}

function promote(a: DataType, b: DataType): DataType {
  if ((a === 'uint8' && b === 'int8') || (a === 'int8' && b === 'uint8')) return 'int16';
  return WIDTH.indexOf(a) >= WIDTH.indexOf(b) ? a : b;
}

/** What takes part in an operation: tensors with dimensions count more than those without, and these more than numbers. */
export interface Participant {
  readonly dtype: DataType;
  readonly rank: 'dimensions' | 'scalar' | 'number';
}

/** The dtype that torch computes an operation of these in. */
export function resultType(participants: readonly Participant[]): DataType {
  const of = (rank: Participant['rank']) => {
    const dtypes = participants.filter((one) => one.rank === rank).map(({ dtype }) => dtype);
    return dtypes.length === 0 ? undefined : dtypes.reduce(promote);
  };
  return combine(of('dimensions'), combine(of('scalar'), of('number'))) ?? 'float';
}

function combine(higher: DataType | undefined, lower: DataType | undefined): DataType | undefined {
  if (higher === undefined || lower === undefined) return higher ?? lower;
  if (isFloat(higher)) return higher;
  return higher === 'bool' || isFloat(lower) ? promote(higher, lower) : higher;
}
