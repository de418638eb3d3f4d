import { parseDtype } from '../tensors/dtype.ts';
import { fieldsOf, itemsOf, type Reply, textOf } from './connection.ts';
import { type Dtype, type Tensor, tensorOf } from './tensor.ts';

/**
 * The tensor in a reply to `AI.TENSORGET key META BLOB`.
 * @param expected the dtype that it has to have, if any.
 * @param name how the error calls it.
 * @throws TypeError when it has another.
 */
export function tensorFrom(reply: Reply, expected: Dtype | undefined, name: string): Tensor {
  const fields = fieldsOf(reply);
  const found = textOf(fields.get('dtype'));
  const dtype = parseDtype(found);
  const blob = fields.get('blob');
  if (dtype === undefined || !(blob instanceof Buffer))
    throw new TypeError(`"${name}": no tensor of ${found}`);
  if (expected !== undefined && dtype !== expected)
    throw new TypeError(`"${name}" is ${dtype}, not ${expected}`);
  return tensorOf(dtype, itemsOf(fields.get('shape')).map(Number), blob);
}
