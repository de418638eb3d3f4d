import { errors } from '../../errors.ts';
import { ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { concatShared } from '../../tensors/shared-bytes.ts';
import { allocateShared } from '../../tensors/shared-memory.ts';
import { elementCount, type Tensor, tensorBytes } from '../../tensors/tensor.ts';
import { stringElements } from '../../tensors/text-codec.ts';
import type { Session } from '../backend.ts';
import type { Interpreter, Runtime, TensorInfo } from './interpreter.ts';
import { ANY_SIZE, type ModelFile, readModelFile, withFirst } from './model-file.ts';
import { packStrings, unpackStrings } from './strings.ts';

/** A session of the runtime. @throws Error with the runtime's text when the bytes are no model of it. */
export async function openTfliteSession(from: Runtime, bytes: Uint8Array, threads: number): Promise<Session> {
  const { file, model } = firstSignature(bytes);
  const interpreter = await from.open(model, threads);
  return new TfliteSession(interpreter, file);
}

/** The runtimes run subgraph 0, which need not be that of the first signature. */
function firstSignature(bytes: Uint8Array): { file: ModelFile; model: Uint8Array } {
  try {
    const file = readModelFile(bytes);
    return { file, model: file.firstSubgraph === 0 ? bytes : withFirst(bytes, file.firstSubgraph) };
  } catch {
    throw errors.tfliteNoModel();
  }
}

class TfliteSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #interpreter: Interpreter;
  readonly #file: ModelFile;
  /** Of the inputs when the model was loaded. */
  readonly #ownShapes: readonly (readonly number[])[];

  constructor(interpreter: Interpreter, file: ModelFile) {
    this.#interpreter = interpreter;
    this.#file = file;
    this.#ownShapes = interpreter.inputs.map(({ shape }) => shape);
    this.inputs = interpreter.inputs.map(({ name }) => name);
    this.outputs = interpreter.outputs().map(({ name }) => name);
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const interpreter = this.#interpreter;
    const infos = interpreter.inputs;
    if (inputs.length !== infos.length) throw errors.inputsMismatchModel();
    const shapes = inputs.map((tensor, i) => this.#shapeFor(i, tensor));
    if (shapes.some((shape, i) => !sameShape(shape, infos[i]?.shape))) interpreter.resize(shapes);
    interpreter.run(inputs.map(asBytes));
    return interpreter.outputs().map((info, i) => this.#output(info, i));
  }

  async close(): Promise<void> {
    this.#interpreter.close();
  }

  /**
   * The shape that the model is to see. Dimension 0 is the batch; sizes that the model leaves open are those of the tensor. A tensor that
   * differs in its rank only, as an image with a dimension for its one channel, is taken by its elements.
   * @throws ServerError where the model would read beyond it, or the dtype differs.
   */
  #shapeFor(index: number, { dtype, shape }: Tensor): readonly number[] {
    const info = this.#interpreter.inputs[index] as TensorInfo;
    const declared = this.#file.inputShapes[index] ?? info.shape;
    const own = this.#ownShapes[index] ?? info.shape;
    if (dtype !== info.dtype) throw errors.tfliteInputType(info.name, info.dtype ?? info.typeName, dtype);
    const rows = shape[0] ?? 1;
    const fits =
      shape.length === declared.length &&
      shape.every((size, d) => size > 0 && (d === 0 || size === declared[d] || declared[d] === ANY_SIZE));
    if (fits) return shape;
    if (elementCount(shape) === elementCount(own) && rows === (own[0] ?? 1)) return own;
    const rowElements = elementCount(own.slice(1));
    if (own.length > 0 && rows > 0 && elementCount(shape) === rows * rowElements) {
      return [rows, ...own.slice(1)];
    }
    throw errors.tfliteInputShape(info.name, declared, shape);
  }

  #output(info: TensorInfo, index: number): Tensor {
    const { dtype, shape, typeName } = info;
    if (dtype === undefined) throw errors.tfliteOutputType(info.name, typeName);
    const byteLength = this.#interpreter.outputBytes(index);
    if (dtype === 'STRING') {
      const packed = new Uint8Array(byteLength);
      this.#interpreter.readOutput(index, packed);
      const { buffer, byteLength: length } = concatShared([unpackStrings(packed)]);
      return { dtype, shape, buffer, byteOffset: 0, byteLength: length };
    }
    // What the rest of the server counts on, whatever the model is.
    if (byteLength !== elementCount(shape) * ELEMENT_BYTES[dtype]) throw errors.dataLength();
    const buffer = allocateShared(byteLength);
    this.#interpreter.readOutput(index, new Uint8Array(buffer));
    return { dtype, shape, buffer, byteOffset: 0, byteLength };
  }
}

function asBytes(tensor: Tensor): Uint8Array {
  return tensor.dtype === 'STRING' ? packStrings(stringElements(tensor)) : tensorBytes(tensor);
}

function sameShape(a: readonly number[], b: readonly number[] | undefined): boolean {
  return a.length === b?.length && a.every((size, d) => size === b[d]);
}
