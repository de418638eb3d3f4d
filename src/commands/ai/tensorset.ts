import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { parseDtype } from '../../tensors/dtype.ts';
import { isAllocationFailure } from '../../tensors/shared-memory.ts';
import { type Tensor, zeroTensor } from '../../tensors/tensor.ts';
import { tensorFromBlob, tensorFromValues } from '../../tensors/text-codec.ts';
import { integerAt, keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { OVERWRITE, ownKey } from './key-specs.ts';

/** Most elements of a tensor: beyond it neither a buffer nor an exact count can be had. */
const MAX_ELEMENTS = 2 ** 40;

export const tensorset: Command = {
  name: 'ai.tensorset',
  arity: -4,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(OVERWRITE)],
  group: 'ai',
  summary: 'Stores a tensor',
  syntax:
    'key FLOAT|DOUBLE|INT8|INT16|INT32|INT64|UINT8|UINT16|BOOL|STRING dim [dim ...] [BLOB bytes | VALUES value [value ...]]',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const existing = node.keyspace.get(key);
    if (existing !== undefined && existing.type !== 'tensor') throw errors.wrongType();
    node.keyspace.set(key, { type: 'tensor', tensor: parseTensor(args) });
    return OK;
  },
};

/**
 * The tensor that the arguments of AI.TENSORSET describe.
 * @throws ServerError with RedisAI's text for each way in which they can be wrong.
 */
export function parseTensor(args: Arguments): Tensor {
  const dtype = parseDtype((args[2] as Buffer).toString('latin1'));
  if (dtype === undefined) throw errors.invalidDataType();
  const shape: number[] = [];
  let elements = 1;
  let i = 3;
  let format = '';
  for (; i < args.length; i++) {
    format = keywordAt(args, i);
    if (format === 'BLOB' || format === 'VALUES') break;
    format = '';
    const dim = integerAt(args, i);
    if (dim === undefined || dim <= 0) throw errors.invalidShape();
    elements *= dim;
    if (elements > MAX_ELEMENTS) throw errors.invalidShape();
    shape.push(dim);
  }
  if (shape.length === 0) throw errors.invalidShape();
  if (format === 'VALUES') return tensorFromValues(dtype, shape, args.slice(i + 1));
  if (format === 'BLOB') {
    const blob = args[i + 1];
    if (blob === undefined || args.length !== i + 2) throw errors.singleBlob();
    return tensorFromBlob(dtype, shape, blob);
  }
  try {
    return zeroTensor(dtype, shape);
  } catch (error) {
    if (isAllocationFailure(error)) throw errors.outOfMemory();
    throw error;
  }
}
