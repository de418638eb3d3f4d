import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Dtype } from '../../src/tensors/dtype.ts';
import { printf17g } from '../support/printf.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

/** One element in its three forms: as sent with VALUES, as bytes, as read with VALUES. */
interface Element {
  readonly text: string | Buffer;
  readonly bytes: Buffer;
  readonly printed: string;
}

function integer(bits: number, signed: boolean): fc.Arbitrary<Element> {
  const max = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
  const min = signed ? -max - 1n : 0n;
  const value = fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, 1n, max - 1n, min + 1n));
  return value.map((number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt.asIntN(64, number));
    return { text: String(number), bytes: bytes.subarray(0, bits / 8), printed: `:${number}` };
  });
}

/** Shortest decimal text that JavaScript reads back as the same double: far more digits than any float needs. */
function float(value: number): Element {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return { text: asText(value), bytes, printed: `$${printf17g(Math.fround(value))}` };
}

function double(value: number): Element {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return { text: asText(value), bytes, printed: `$${printf17g(value)}` };
}

function asText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

const SMALLEST_FLOAT = 2 ** -149;
const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127;
const floats = fc.oneof(
  fc.float({ noNaN: true }),
  fc.constantFrom(0, -0, SMALLEST_FLOAT, -SMALLEST_FLOAT, 2 ** -126, LARGEST_FLOAT, -LARGEST_FLOAT),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, 16_777_217, 1e-45),
);
const doubles = fc.oneof(
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, Number.MIN_VALUE, 2 ** -1022, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53 + 2),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, 1e16, 1e17, 123456789.12345679),
);
const words = fc
  .oneof(
    fc.string({ minLength: 1, unit: 'binary' }).map((word) => Buffer.from(word)),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('é', '語', '🙂', ' ', '\r\n').map((word) => Buffer.from(word)),
  )
  .filter((word) => !word.includes(0));

const elements: Record<Dtype, fc.Arbitrary<Element>> = {
  FLOAT: floats.map(float),
  DOUBLE: doubles.map(double),
  INT8: integer(8, true),
  INT16: integer(16, true),
  INT32: integer(32, true),
  INT64: integer(64, true),
  UINT8: integer(8, false),
  UINT16: integer(16, false),
  BOOL: fc.constantFrom(0, 1).map((bit) => ({
    text: String(bit),
    bytes: Buffer.from([bit]),
    printed: `:${bit}`,
  })),
  STRING: words.map((word) => ({
    text: word,
    bytes: Buffer.concat([word, Buffer.alloc(1)]),
    printed: `$${word.toString('latin1')}`,
  })),
};

describe.each(Object.keys(elements) as Dtype[])('%s', (dtype) => {
  test('values in, bytes out, bytes in, values out is the identity', async () => {
    const tensors = fc.array(elements[dtype], { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(tensors, fc.boolean(), async (list, column) => {
        const blob = Buffer.concat(list.map((element) => element.bytes));
        const shape = column ? [list.length, 1] : [list.length];
        const meta = ['$dtype', `$${dtype}`, '$shape', shape.map((d) => `:${d}`)];
        const printed = list.map((element) => element.printed);
        const texts = list.map((element) => element.text);
        expect(await client.send('AI.TENSORSET', 'v', dtype, ...shape, 'VALUES', ...texts)).toBe('+OK');
        expect(await client.send('AI.TENSORGET', 'v', 'BLOB')).toBe(`$${blob.toString('latin1')}`);
        expect(await client.send('AI.TENSORSET', 'b', dtype, ...shape, 'BLOB', blob)).toBe('+OK');
        expect(await client.send('AI.TENSORGET', 'b', 'VALUES')).toEqual(printed);
        expect(await client.send('AI.TENSORGET', 'b', 'META', 'VALUES')).toEqual([
          ...meta,
          '$values',
          printed,
        ]);
        const whole = [...meta, '$blob', `$${blob.toString('latin1')}`];
        expect(await client.send('AI.TENSORGET', 'v')).toEqual(whole);
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  test('without values is zeros', async () => {
    await client.send('AI.TENSORSET', 'z', dtype, 2, 3);
    const zero = dtype === 'STRING' ? '$' : dtype === 'FLOAT' || dtype === 'DOUBLE' ? '$0' : ':0';
    expect(await client.send('AI.TENSORGET', 'z', 'VALUES')).toEqual(Array(6).fill(zero));
  });

  test('a large tensor comes back as it went, its bytes counted once', async () => {
    const sample = fc.sample(elements[dtype], { numRuns: 500, seed: 4 });
    const list = Array.from({ length: 20_000 }, (_, i) => sample[i % 500] as Element);
    const blob = Buffer.concat(list.map((element) => element.bytes));
    const before = shared.node.context.keyspace.usedBytes;
    expect(await client.send('AI.TENSORSET', 'l', dtype, list.length, 'BLOB', blob)).toBe('+OK');
    expect(shared.node.context.keyspace.usedBytes - before).toBeLessThan(blob.length + 1000);
    expect(await client.send('AI.TENSORGET', 'l', 'VALUES')).toEqual(list.map((element) => element.printed));
    expect((await client.send('AI.TENSORGET', 'l', 'BLOB')) === `$${blob.toString('latin1')}`).toBe(true);
  });
});

describe('floats', () => {
  test('that are not a number come in as bytes and print as nan', async () => {
    const nan = Buffer.from('0000c07f0000c0ff0100807f', 'hex');
    await client.send('AI.TENSORSET', 'n', 'FLOAT', 3, 'BLOB', nan);
    expect(await client.send('AI.TENSORGET', 'n', 'VALUES')).toEqual(['$nan', '$nan', '$nan']);
    expect(await client.send('AI.TENSORGET', 'n', 'BLOB')).toBe(`$${nan.toString('latin1')}`);
  });

  test.each([
    ['inf', 'inf'],
    ['-INF', '-inf'],
    ['+Infinity', 'inf'],
    ['1.', '1'],
    ['.5', '0.5'],
    ['+2.50', '2.5'],
    ['1E+2', '100'],
    ['1e-2', '0.01'],
    ['0010', '10'],
    ['-0.0', '-0'],
    ['0e-999', '0'],
  ])('%s is read as C reads it', async (text, printed) => {
    await client.send('AI.TENSORSET', 'd', 'DOUBLE', 1, 'VALUES', text);
    expect(await client.send('AI.TENSORGET', 'd', 'VALUES')).toEqual([
      `$${printf17g(Number(printed.replace('inf', 'Infinity')))}`,
    ]);
  });
});

test('RESP3 has doubles, integers and bulk strings where RESP2 has bulk strings, integers and bulk strings', async () => {
  await client.send('AI.TENSORSET', 'f', 'FLOAT', 3, 'VALUES', '0.1', '-0', 'inf');
  await client.send('AI.TENSORSET', 'i', 'INT64', 1, 'VALUES', '-9223372036854775808');
  await client.send('AI.TENSORSET', 's', 'STRING', 1, 'VALUES', 'é');
  expect(await client.send('AI.TENSORGET', 'f', 'VALUES')).toEqual(['$0.10000000149011612', '$-0', '$inf']);
  await client.send('HELLO', 3);
  expect(await client.send('AI.TENSORGET', 'f', 'VALUES')).toEqual([',0.10000000149011612', ',-0', ',inf']);
  expect(await client.send('AI.TENSORGET', 'i', 'VALUES')).toEqual([':-9223372036854775808']);
  expect(await client.send('AI.TENSORGET', 's', 'VALUES')).toEqual(['$\xc3\xa9']);
  expect(await client.send('AI.TENSORGET', 'i', 'META')).toEqual(['$dtype', '$INT64', '$shape', [':1']]);
});

test('dtypes, formats and options are read in any case', async () => {
  await client.send('ai.tensorset', 't', 'float', 1, 'values', 7);
  expect(await client.send('ai.tensorget', 't', 'meta', 'values')).toEqual([
    ...['$dtype', '$FLOAT', '$shape', [':1']],
    ...['$values', ['$7']],
  ]);
});
