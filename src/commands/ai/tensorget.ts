import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { elementCount, type Tensor, tensorBytes } from '../../tensors/tensor.ts';
import { tensorValues } from '../../tensors/text-codec.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ownKey, READ } from './key-specs.ts';

/** Each costs some 80 bytes while it becomes text, on one thread for all: from some 100 million on that ended the process. */
const MOST_VALUES = 2 ** 24;

export const tensorget: Command = {
  name: 'ai.tensorget',
  arity: -2,
  flags: ['readonly', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(READ)],
  group: 'ai',
  summary: 'Returns a tensor',
  syntax: 'key [META] [BLOB | VALUES]',
  run({ node }, args) {
    const tensor = readTensor(node.keyspace, keyAt(args, 1));
    return parseFormat(args)(tensor);
  },
};

/**
 * How `key [META] [BLOB | VALUES]` wants a tensor answered.
 * @throws ServerError with RedisAI's text where the options are wrong.
 */
export function parseFormat(args: Arguments): (tensor: Tensor) => Reply {
  let meta = false;
  let blob = false;
  let values = false;
  for (let i = 2; i < args.length; i++) {
    const option = keywordAt(args, i);
    if (option === 'META') meta = true;
    else if (option === 'BLOB') blob = true;
    else if (option === 'VALUES') values = true;
    else throw errors.unsupportedFormat();
  }
  if (blob && values) throw errors.bothBlobAndValues();
  if (!meta && blob) return tensorBytes;
  if (!meta && values) return valuesOf;
  if (values) return (tensor) => [...metaOf(tensor), 'values', valuesOf(tensor)];
  if (meta && !blob) return metaOf;
  return (tensor) => [...metaOf(tensor), 'blob', tensorBytes(tensor)];
}

/** @throws ServerError when the key is absent or holds something else. */
export function readTensor(keyspace: Keyspace, key: KeyName): Tensor {
  const value = keyspace.get(key);
  if (value === undefined) throw errors.emptyTensorKey();
  if (value.type !== 'tensor') throw errors.wrongType();
  return value.tensor;
}

function valuesOf(tensor: Tensor): Reply[] {
  if (elementCount(tensor.shape) > MOST_VALUES) throw errors.tooManyValues();
  return tensorValues(tensor);
}

function metaOf(tensor: Tensor): Reply[] {
  return ['dtype', tensor.dtype, 'shape', [...tensor.shape]];
}
