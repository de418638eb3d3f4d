import * as tfjs from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { type Seen, seen } from './tensorflow-graphs.ts';

/** Its greeting recommends another package at the first use. */
tfjs.env().set('IS_TEST', true);

const DTYPES: Partial<Record<string, tfjs.DataType>> = { FLOAT: 'float32', INT32: 'int32', BOOL: 'bool' };

/**
 * The first output of a kernel of TensorFlow.js on its plain CPU backend: an independent implementation of TensorFlow's ops, in JavaScript,
 * for float, int32 and bool.
 */
export async function kernel(
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: tfjs.NamedAttrMap = {},
): Promise<Pick<Seen, 'shape' | 'values'>> {
  await tfjs.setBackend('cpu');
  const given = Object.entries(inputs).map(([key, value]) => {
    const { dtype, shape, values } = seen(value);
    return [key, tfjs.tensor(values as number[], [...shape], DTYPES[dtype])] as const;
  });
  const result = tfjs.engine().runKernel(name, Object.fromEntries(given), attributes);
  const [first] = Array.isArray(result) ? result : [result];
  const output = first as tfjs.Tensor;
  return { shape: output.shape, values: Array.from(await output.data(), Number) };
}
