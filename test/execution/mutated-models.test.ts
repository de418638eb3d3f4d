import { expect, test } from 'vitest';
import { seededRandom } from '../../scripts/onnx-builder.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import { floats } from '../support/resp-client.ts';

const fixture = nodeFixture();
const COPIES = 200;
const MODELS = ['mul', 'add_int64', 'string_identity', 'relu_1x4', 'two_outputs', 'sum_rows', 'iris'];

/**
 * The bytes with one or two accidents. Most keep the length, or few copies would get past the protobuf parser: a byte changed, a bit
 * turned, zeros. The others cut a piece out, double one, or end the file early.
 */
function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  const out = Array.from(bytes);
  for (let i = 1 + below(2); i > 0; i--) {
    const at = below(out.length);
    const length = 1 + below(Math.min(16, out.length - at));
    const piece = out.slice(at, at + length);
    const accidents = [
      () => out.splice(at, 1, below(256)),
      () => out.splice(at, 1, (out[at] as number) ^ (1 << below(8))),
      () => out.splice(at, length, ...piece.map(() => 0)),
      () => out.splice(at, length),
      () => out.splice(at, 0, ...piece),
      () => out.splice(Math.max(at, 1)),
    ];
    (accidents[below(4) > 0 ? below(2) : below(accidents.length)] as () => void)();
  }
  return Uint8Array.from(out);
}

test(`${COPIES} damaged models are stored and run, or refused; the node lives and an undamaged one stays right`, async () => {
  const client = await fixture.start({ executionTimeoutMs: 1000 });
  const random = seededRandom(20_240_229);
  const store = (key: string, blob: Uint8Array) =>
    client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', blob);
  expect(await store('good', model('mul'))).toBe('OK');
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'BLOB', floats(3, 4));
  await client.send('AI.TENSORSET', 'four', 'FLOAT', 1, 4, 'BLOB', floats(1, -2, 3, -4));
  const before = fixture.node.context.keyspace.usedBytes;
  const outcomes = { stored: 0, refused: 0, ran: 0, failed: 0 };
  for (let i = 0; i < COPIES; i++) {
    const name = MODELS[i % MODELS.length] as string;
    const reply = await store('damaged', mutate(model(name), random));
    if (reply instanceof Error) {
      outcomes.refused++;
      expect(reply.message).not.toBe('ERR internal error');
    } else {
      expect(reply).toBe('OK');
      outcomes.stored++;
      const meta = (await client.send('AI.MODELGET', 'damaged', 'META')) as unknown[];
      const [inputs, outputs] = [meta[11] as unknown[], meta[13] as unknown[]];
      const ran = await client.send(
        ...[
          'AI.MODELEXECUTE',
          'damaged',
          'INPUTS',
          inputs.length,
          ...inputs.map(() => (name === 'mul' ? 'a' : 'four')),
        ],
        ...['OUTPUTS', outputs.length, ...outputs.map((_, o) => `out${o}`)],
      );
      if (ran instanceof Error) outcomes.failed++;
      else outcomes.ran++;
      expect(await client.send('AI.MODELDEL', 'damaged')).toBe('OK');
      await client.send('DEL', 'out0', 'out1', 'out2', 'out3');
    }
    expect(await client.send('AI.MODELEXECUTE', 'good', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c')).toBe('OK');
    expect(await client.send('AI.TENSORGET', 'c', 'VALUES')).toEqual(['9', '16']);
    await client.send('DEL', 'c');
  }
  // The seed has some of each, or the test would look at one way only.
  for (const [outcome, count] of Object.entries(outcomes))
    expect([outcome, count > 0]).toEqual([outcome, true]);
  expect(fixture.node.context.keyspace.usedBytes).toBe(before);
});
