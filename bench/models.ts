import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { seededRandom } from '../scripts/onnx-builder.ts';
import { describe, type ReplyCheck } from './operation.ts';
import type { Argument } from './requests.ts';

const repository = path.resolve(import.meta.dirname, '..');
const ownModel = (name: string) => path.join(repository, 'test/models', `${name}.onnx`);
const realModel = (name: string) => path.join(repository, '../shared/models/onnx', `${name}.onnx`);

interface ModelFiles {
  readonly file: string;
  /** The same model with a batch dimension, where `file` has none. */
  readonly batched?: string;
}

const NAMED: Readonly<Record<string, ModelFiles>> = {
  mlp: { file: ownModel('mlp_dyn') },
  iris: { file: ownModel('iris') },
  mul: { file: ownModel('mul') },
  mnist: { file: realModel('mnist'), batched: realModel('mnist_batched') },
};

export const MODEL_NAMES = Object.keys(NAMED);

/** Different inputs, so that a reply meant for another client is noticed. */
const SAMPLES = 4;
const ABSOLUTE_TOLERANCE = 1e-4;
const RELATIVE_TOLERANCE = 1e-3;

const DTYPES = {
  float32: { name: 'FLOAT', array: Float32Array },
  float64: { name: 'DOUBLE', array: Float64Array },
  int8: { name: 'INT8', array: Int8Array },
  int16: { name: 'INT16', array: Int16Array },
  int32: { name: 'INT32', array: Int32Array },
  int64: { name: 'INT64', array: BigInt64Array },
  uint8: { name: 'UINT8', array: Uint8Array },
  uint16: { name: 'UINT16', array: Uint16Array },
  bool: { name: 'BOOL', array: Uint8Array },
} as const;

type OrtType = keyof typeof DTYPES;

/** A tensor as AI.TENSORSET takes it. */
export interface TensorValue {
  readonly type: OrtType;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

export interface Sample {
  readonly inputs: readonly TensorValue[];
  /** What ONNX Runtime in this process gives for the inputs. */
  readonly outputs: readonly TensorValue[];
}

export interface BenchModel {
  readonly name: string;
  /** The name or path that it was asked for by. */
  readonly source: string;
  readonly bytes: Buffer;
  readonly samples: readonly Sample[];
}

/** Names of the models that are there, mnist only where the folder of real models lies next to the repository. */
export function defaultModels(): string[] {
  return existsSync(NAMED.mnist?.file ?? '') ? ['mlp', 'mnist'] : ['mlp'];
}

/** Whether it is a known name or a file. */
export function modelExists(name: string): boolean {
  return existsSync(NAMED[name]?.file ?? name);
}

/**
 * Reads a model, by name or path, and runs it in this process for the expected outputs.
 * @throws Error when ONNX Runtime cannot load it, or an input has a type that the load generator cannot make up.
 */
export async function loadModel(name: string): Promise<BenchModel> {
  const bytes = readFileSync(NAMED[name]?.file ?? name);
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  try {
    const samples: Sample[] = [];
    for (let i = 0; i < SAMPLES; i++) samples.push(await makeSample(session, i));
    const shown = NAMED[name] === undefined ? path.basename(name, '.onnx') : name;
    return { name: shown, source: name, bytes, samples };
  } finally {
    await session.release();
  }
}

/** The bytes of the model with a batch dimension of its own, or null where it has a fixed one. */
export async function batchableBytes(name: string): Promise<Buffer | null> {
  const { file, batched = file } = NAMED[name] ?? { file: name };
  if (!existsSync(batched)) return null;
  const bytes = readFileSync(batched);
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const dynamic = session.inputMetadata.every((meta) => meta.isTensor && typeof meta.shape[0] === 'string');
  await session.release();
  return dynamic ? bytes : null;
}

const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Random fractions for floats; zeros, which are valid as indices too, for the rest. */
function makeData(type: OrtType, count: number, random: () => number): NodeJS.TypedArray {
  if (type === 'float32') return new Float32Array(count).map(random);
  if (type === 'float64') return new Float64Array(count).map(random);
  return new DTYPES[type].array(count);
}

async function makeSample(session: InferenceSession, seed: number): Promise<Sample> {
  const random = seededRandom(seed + 1);
  const inputs: TensorValue[] = [];
  const feeds: Record<string, Tensor> = {};
  for (const meta of session.inputMetadata) {
    if (!meta.isTensor || !(meta.type in DTYPES)) {
      throw new Error(`input ${meta.name} is no tensor of numbers, so no input can be made up`);
    }
    const type = meta.type as OrtType;
    // A dimension without a size is 1: one row, one step.
    const shape = meta.shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 1));
    const data = makeData(type, elements(shape), random);
    feeds[meta.name] = new Tensor(type, data as Float32Array, shape);
    inputs.push({ type, shape, bytes: bytesOf(data) });
  }
  const results = await session.run(feeds);
  const outputs = session.outputNames.map((name) => {
    const { type, dims, data } = results[name] as Tensor;
    if (!(type in DTYPES)) throw new Error(`output ${name} is no tensor of numbers`);
    return { type: type as OrtType, shape: dims, bytes: bytesOf(data as Float32Array) };
  });
  return { inputs, outputs };
}

/** A copy: ONNX Runtime's own memory goes with its session. */
function bytesOf(data: NodeJS.ArrayBufferView): Buffer {
  return Buffer.copyBytesFrom(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** The arguments of AI.TENSORSET that give this tensor to a key. */
export function tensorset(key: string, { type, shape, bytes }: TensorValue): Argument[] {
  return ['AI.TENSORSET', key, DTYPES[type].name, ...shape, 'BLOB', bytes];
}

/** The reply has to be the tensor's blob, but for rounding. Every reply is looked at in full. */
export function expectTensor(expected: TensorValue): ReplyCheck {
  // Equal bytes are told apart fastest, and a server mostly repeats itself; other bytes may still be near enough.
  let seen = expected.bytes;
  return (reply) => {
    if (Buffer.isBuffer(reply)) {
      if (reply.equals(seen)) return null;
      if (reply.length === expected.bytes.length && closeEnough(reply, expected)) {
        seen = Buffer.from(reply);
        return null;
      }
    }
    return `not the expected tensor: ${describe(reply)}`;
  };
}

function closeEnough(reply: Buffer, { type, bytes }: TensorValue): boolean {
  if (type !== 'float32' && type !== 'float64') return false;
  const { array } = DTYPES[type];
  const numbers = (buffer: Buffer) => new array(Uint8Array.from(buffer).buffer);
  const actual = numbers(reply);
  const expected = numbers(bytes);
  return actual.every((value, i) => {
    const wanted = expected[i] as number;
    return Math.abs(value - wanted) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(wanted);
  });
}
