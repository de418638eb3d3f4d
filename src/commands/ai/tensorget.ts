import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import type { Reply } from '../../protocol/reply.ts';
import { type Tensor, tensorBytes } from '../../tensors/tensor.ts';
import { tensorValues } from '../../tensors/text-codec.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const tensorget: Command = {
  name: 'ai.tensorget',
  arity: -2,
  flags: ['readonly', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'ai',
  summary: 'Returns a tensor',
  syntax: 'key [META] [BLOB | VALUES]',
  run({ node }, args) {
    const tensor = readTensor(node.keyspace, keyAt(args, 1));
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
    if (!meta && !blob && !values) return [...metaOf(tensor), 'blob', tensorBytes(tensor)];
    if (!meta) return blob ? tensorBytes(tensor) : tensorValues(tensor);
    if (blob) return [...metaOf(tensor), 'blob', tensorBytes(tensor)];
    return values ? [...metaOf(tensor), 'values', tensorValues(tensor)] : metaOf(tensor);
  },
};

/** @throws ServerError when the key is absent or holds something else. */
export function readTensor(keyspace: Keyspace, key: KeyName): Tensor {
  const value = keyspace.get(key);
  if (value === undefined) throw errors.emptyTensorKey();
  if (value.type !== 'tensor') throw errors.wrongType();
  return value.tensor;
}

function metaOf(tensor: Tensor): Reply[] {
  return ['dtype', tensor.dtype, 'shape', [...tensor.shape]];
}
