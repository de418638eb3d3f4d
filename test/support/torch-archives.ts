import { crc32 } from 'node:zlib';
import type { Session } from '../../src/backends/backend.ts';
import { torchBackend } from '../../src/backends/torch/torch-backend.ts';
import { concatShared } from '../../src/tensors/shared-bytes.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { type Seen, seen } from './tensorflow-graphs.ts';

/**
 * A zip archive whose members are stored as they are: what torch.jit.save writes.
 * @param folder that all of them are in.
 */
export function zip(members: Readonly<Record<string, Uint8Array | string>>, folder = 'archive/'): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(members)) {
    const data = Buffer.from(content as Uint8Array);
    const path = Buffer.from(folder + name);
    const fields = Buffer.alloc(26);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(path.length, 22);
    parts.push(Buffer.from('PK\x03\x04'), fields, path, data);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.from('PK\x01\x02\x00\x00'), fields, tail, path);
    at += 30 + path.length + data.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(members).length, 8);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

/** A parameter of a module: float elements, in a storage of its own. */
export interface Weight {
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
  readonly offset?: number;
  readonly elements: readonly number[];
}
type Attribute = number | boolean | string | null | Weight | readonly Attribute[];

/** Writes what archives hold as torch does. */
class Pickler {
  readonly storages: Buffer[] = [];
  readonly #parts: Buffer[] = [Buffer.from([0x80, 2])];

  text(value: string): this {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return this.raw('X').raw(length).raw(bytes);
  }

  int(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return this.raw('J').raw(bytes);
  }

  global(module: string, name: string): this {
    return this.raw(`c${module}\n${name}\n`);
  }

  raw(bytes: string | Buffer): this {
    this.#parts.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  ints(values: readonly number[]): this {
    this.raw('(');
    for (const value of values) this.int(value);
    return this.raw('t');
  }

  value(value: Attribute): this {
    if (value === null) return this.raw('N');
    if (typeof value === 'boolean') return this.raw(value ? '\x88' : '\x89');
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.int(value);
    if ('elements' in value) return this.#tensor(value);
    this.raw(']').raw('(');
    for (const item of value) this.value(item);
    return this.raw('e');
  }

  done(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from('.')]);
  }

  #tensor({ shape, elements, offset = 0, strides }: Weight): this {
    const rows = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
    const key = String(this.storages.length);
    this.storages.push(Buffer.from(Float32Array.from(elements).buffer));
    this.global('torch._utils', '_rebuild_tensor_v2').raw('(').raw('(').text('storage');
    this.global('torch', 'FloatStorage').text(key).text('cpu').int(elements.length).raw('t').raw('Q');
    this.int(offset)
      .ints(shape)
      .ints(strides ?? rows)
      .raw('\x89');
    return this.global('collections', 'OrderedDict').raw(')').raw('R').raw('t').raw('R');
  }
}

/**
 * The bytes of an archive of one module, of the class `M`.
 * @param version of the format.
 * @param source of the class's module; where it begins with `def` it is the body of the class.
 */
export function archive(
  source: string,
  attributes: Readonly<Record<string, Attribute>> = {},
  version = 10,
): Buffer {
  const pickler = new Pickler().global('__torch__', 'M').raw(')').raw('\x81').raw('}').raw('(');
  for (const [name, value] of Object.entries(attributes)) pickler.text(name).value(value);
  const data = pickler.raw('u').raw('b').done();
  const body = source.trimStart().startsWith('def ') ? `class M(Module):\n${indented(source)}` : source;
  const storages = pickler.storages.map((bytes, i) => [`data/${i}`, bytes] as const);
  return zip({
    'data.pkl': data,
    'code/__torch__.py': body,
    version: `${version}\n`,
    ...Object.fromEntries(storages),
  });
}

/**
 * What torch.save writes of a dict of tensors.
 * @param single only the first of them, without the dict.
 */
export function savedTensors(weights: Readonly<Record<string, Weight>>, single = false): Buffer {
  const pickler = new Pickler();
  const [first] = Object.values(weights);
  if (single && first !== undefined) pickler.value(first);
  else {
    pickler.raw('}').raw('(');
    for (const [name, weight] of Object.entries(weights)) pickler.text(name).value(weight);
    pickler.raw('u');
  }
  const data = pickler.done();
  const storages = pickler.storages.map((bytes, i) => [`data/${i}`, bytes] as const);
  return zip({ 'data.pkl': data, byteorder: 'little', ...Object.fromEntries(storages), version: '3\n' });
}

/** An archive with a data.pkl of the test's own. */
export function archiveOf(data: Uint8Array, source = 'class M(Module):\n  pass\n'): Buffer {
  return zip({ 'data.pkl': data, 'code/__torch__.py': source });
}

function indented(source: string): string {
  const lines = source.split('\n').filter((line) => line.trim() !== '');
  const margin = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return lines.map((line) => `  ${line.slice(margin)}\n`).join('');
}

export function open(bytes: Uint8Array): Promise<Session> {
  return torchBackend.load(concatShared([bytes]), { intraOpParallelism: 1, interOpParallelism: 1 }, null);
}

/** Runs a module once for each list of inputs, in one session. @param version of the archive's format */
export async function runModule(
  source: string,
  runs: readonly (readonly Tensor[])[],
  attributes: Readonly<Record<string, Attribute>> = {},
  version?: number,
): Promise<Seen[][]> {
  const session = await open(archive(source, attributes, version));
  try {
    const results: Seen[][] = [];
    for (const inputs of runs) results.push((await session.run(inputs)).map(seen));
    return results;
  } finally {
    await session.close();
  }
}

/** The outputs of one run. */
export async function forward(
  source: string,
  inputs: readonly Tensor[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Promise<Seen[]> {
  const [outputs = []] = await runModule(source, [inputs], attributes);
  return outputs;
}
