// Read by `npm run check` alone: what must compile, and behind @ts-expect-error what must not.
import type { Tensor, Tessera } from 'tessera/client';
import { tensor } from 'tessera/client';

/** Fails to compile where the two types differ. */
function same<A, B>(
  ..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]
): void {}

export async function types(ai: Tessera): Promise<void> {
  const floats = tensor(new Float32Array(2));
  same<typeof floats, Tensor<'FLOAT'>>();
  const bytes = tensor(Buffer.alloc(2));
  same<typeof bytes, Tensor<'UINT8'>>();
  const longs = tensor('INT64', [[1n], [2]]);
  same<(typeof longs)['data'], BigInt64Array>();
  // @ts-expect-error texts are no numbers
  tensor('FLOAT', ['1']);
  // @ts-expect-error a Float32Array is no DOUBLE
  tensor('DOUBLE', new Float32Array(1));

  const some = await ai.getTensor('t');
  if (some.dtype === 'STRING') same<typeof some.data, readonly string[]>();

  const iris = ai.model('iris', { inputs: { measurements: 'FLOAT' }, outputs: { probabilities: 'FLOAT' } });
  const given = await iris.run({ measurements: floats });
  same<typeof given.probabilities.data, Float32Array>();
  await iris.run({ measurements: 'in{iris}' }, { persist: { probabilities: 'out{iris}' } });
  // @ts-expect-error the input has another dtype
  await iris.run({ measurements: bytes });
  // @ts-expect-error the input is missing
  await iris.run({});
  // @ts-expect-error there is no such output
  given.scores;
  // @ts-expect-error there is no such output
  await iris.run({ measurements: floats }, { persist: { scores: 'k' } });

  const [label, score] = await ai.script('s').call('f', { inputs: [floats], outputs: ['INT64', 'FLOAT'] });
  same<typeof label, Tensor<'INT64'>>();
  same<typeof score, Tensor<'FLOAT'>>();

  const dag = ai.dag().load({ a: 'a' }).set({ b: floats });
  const out = await dag
    .model('m', { inputs: ['a', 'b'], outputs: ['c'] })
    .get('c', 'DOUBLE')
    .get('a')
    .run();
  same<typeof out.c, Tensor<'DOUBLE'>>();
  same<typeof out.a, Tensor>();
  // @ts-expect-error there is no tensor of that name yet
  dag.get('c');
  // @ts-expect-error there is no tensor of that name
  dag.model('m', { inputs: ['x'], outputs: ['y'] });
  // @ts-expect-error nor one to persist
  dag.persist({ c: 'k' });
}
