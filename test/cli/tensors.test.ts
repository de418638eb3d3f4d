import { describe, expect, test } from 'vitest';
import { readImage } from '../../src/cli/tensors/image.ts';
import { readJsonTensor } from '../../src/cli/tensors/json-tensor.ts';
import { readNpy, writeNpy } from '../../src/cli/tensors/npy.ts';
import { elementsOf, nested, tensorOf, tensorText } from '../../src/cli/tensors/tensor-value.ts';
import { toJson } from '../../src/cli/terminal/output.ts';

/** A file as numpy.save writes it. */
function npy(description: string, shape: string, data: Buffer, fortran = 'False'): Buffer {
  const fields = `{'descr': '${description}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`;
  const header = Buffer.from(`${fields.padEnd(117)}\n`, 'latin1');
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, header, data]);
}

describe('.npy files', () => {
  test('are read in either byte order and in either order of dimensions', () => {
    const big = Buffer.from('3fc00000c0000000', 'hex');
    expect(nested(readNpy(npy('>f4', '2,', big)))).toEqual([1.5, -2]);
    const columns = Buffer.from(Int16Array.of(1, 4, 2, 5, 3, 6).buffer);
    expect(nested(readNpy(npy('<i2', '2, 3', columns, 'True')))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  test('hold strings of bytes and of characters', () => {
    expect(nested(readNpy(npy('|S3', '2,', Buffer.from('abcd\0\0'))))).toEqual(['abc', 'd']);
    const characters = Buffer.from(Uint32Array.of(0xe4, 0x1f600, 0, 0).buffer);
    expect(nested(readNpy(npy('<U4', '1,', characters)))).toEqual(['ä😀']);
  });

  test('come back as they were written', () => {
    const tensors = [
      tensorOf('FLOAT', [2, 2], [1.5, -0, Number.NaN, Number.POSITIVE_INFINITY]),
      tensorOf('INT64', [1], [9223372036854775807n]),
      tensorOf('BOOL', [2, 1], [true, false]),
      tensorOf('UINT8', [0, 3], []),
      tensorOf('DOUBLE', [], [0.1]),
      tensorOf('STRING', [2], ['a', 'größer']),
    ];
    for (const tensor of tensors) {
      const file = writeNpy(tensor);
      expect((10 + file.readUInt16LE(8)) % 64).toBe(0);
      expect(readNpy(file)).toEqual(tensor);
    }
  });

  test.each([
    ['no file of NumPy', Buffer.from('PK\x03\x04....'), 'not a file of numpy.save'],
    ['too little data', npy('<f4', '3,', Buffer.alloc(8)), 'it has 8 bytes of data where its shape needs 12'],
    ['a dtype that no tensor has', npy('<f2', '1,', Buffer.alloc(2)), 'arrays of f2 are no tensors'],
    ['objects', npy('|O', '1,', Buffer.alloc(8)), 'its header is damaged'],
  ])('with %s are refused', (_, file, reason) => {
    expect(() => readNpy(file)).toThrow(reason);
  });
});

describe('JSON', () => {
  test('has the shape of its arrays, and a dtype that fits', () => {
    expect(readJsonTensor('[[1, 2], [3, 4]]')).toMatchObject({ dtype: 'FLOAT', shape: [2, 2] });
    expect(readJsonTensor('[true, false]')).toMatchObject({ dtype: 'BOOL', shape: [2] });
    expect(readJsonTensor('["a", "b"]')).toMatchObject({ dtype: 'STRING', shape: [2] });
    expect(readJsonTensor('7')).toMatchObject({ dtype: 'FLOAT', shape: [1] });
    expect(readJsonTensor('{"dtype": "int32", "shape": [1, 2], "values": [1, 2]}')).toEqual(
      tensorOf('INT32', [1, 2], [1, 2]),
    );
  });

  test('keeps integers whole in both directions', () => {
    const tensor = readJsonTensor('[9007199254740993, -9223372036854775808]', 'INT64');
    expect(elementsOf(tensor)).toEqual([9007199254740993n, -9223372036854775808n]);
    expect(toJson(nested(tensor))).toBe('[9007199254740993,-9223372036854775808]');
  });

  test('has numbers without an end, by name', () => {
    const tensor = readJsonTensor('["NaN", "-Infinity", 1]');
    expect(tensor.dtype).toBe('FLOAT');
    expect(toJson(nested(tensor))).toBe('["NaN","-Infinity",1]');
  });

  test.each([
    ['[[1, 2], [3]]', undefined, 'rows of different lengths'],
    ['[1, [2]]', undefined, 'rows of different lengths'],
    ['[1, null]', undefined, 'null is neither a number nor a string'],
    ['[1,', undefined, 'not JSON'],
    ['[300]', 'UINT8', '300 is no whole number from 0 to 255'],
    ['[1.5]', 'INT64', '1.5 is no whole number'],
    ['["x"]', 'FLOAT', '"x" is no number'],
    ['{"dtype": "FLOAT", "shape": [3], "values": [1]}', undefined, '1 values for a shape of 3'],
    ['{"dtype": "HALF", "shape": [1], "values": [1]}', undefined, 'there is no dtype HALF'],
  ] as const)('%s is refused', (text, dtype, reason) => {
    expect(() => readJsonTensor(text, dtype)).toThrow(reason);
  });
});

describe('images', () => {
  const options = { size: undefined, gray: false, layout: 'nhwc', range: '0..255', dtype: 'UINT8' } as const;
  async function picture(format: 'png' | 'jpeg'): Promise<Buffer> {
    const { default: sharp } = await import('sharp');
    // A red, a green and a blue pixel above three white ones.
    const pixels = Buffer.from([...[255, 0, 0], ...[0, 255, 0], ...[0, 0, 255], ...new Array(9).fill(255)]);
    return sharp(pixels, { raw: { width: 3, height: 2, channels: 3 } })
      .toFormat(format)
      .toBuffer();
  }

  test('are rows of pixels, or planes of channels', async () => {
    const file = await picture('png');
    const rows = await readImage(file, options);
    expect(rows.shape).toEqual([1, 2, 3, 3]);
    expect(nested(rows)).toMatchObject([
      [
        [
          [255, 0, 0],
          [0, 255, 0],
          [0, 0, 255],
        ],
        {},
      ],
    ]);
    const planes = await readImage(file, { ...options, layout: 'nchw', range: '0..1', dtype: 'FLOAT' });
    expect(planes.shape).toEqual([1, 3, 2, 3]);
    expect(elementsOf(planes).slice(0, 6)).toEqual([1, 0, 0, 1, 1, 1]);
  });

  test('are made as large as the model wants them, gray too, in each range', async () => {
    const file = await picture('jpeg');
    const size = { width: 4, height: 5 };
    const gray = await readImage(file, { ...options, size, gray: true, range: '-1..1', dtype: 'FLOAT' });
    expect(gray.shape).toEqual([1, 5, 4, 1]);
    for (const value of elementsOf(gray)) expect(Math.abs(Number(value))).toBeLessThanOrEqual(1);
    const scaled = await readImage(await picture('png'), { ...options, range: 'imagenet', dtype: 'FLOAT' });
    expect(elementsOf(scaled)[0]).toBeCloseTo((1 - 0.485) / 0.229, 5);
  });

  test('that are none are refused', async () => {
    await expect(readImage(Buffer.from('hello'), options)).rejects.toThrow('unsupported image format');
  });
});

test('tensors are shown with as many digits as they have, and long ones shortened', () => {
  expect(tensorText(tensorOf('FLOAT', [1, 3], [0.1, 1 / 3, 1e-8]))).toBe('[[0.1, 0.33333334, 1e-8]]');
  const long = tensorOf(
    'INT32',
    [2000],
    Array.from({ length: 2000 }, (_, i) => i),
  );
  expect(tensorText(long)).toBe('[0, 1, 2, ..., 1997, 1998, 1999]');
  expect(tensorText(tensorOf('STRING', [1], ['\x1b[31m']))).toBe('["\\u001b[31m"]');
});
