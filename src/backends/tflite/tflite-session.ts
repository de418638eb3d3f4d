import { errors } from '../../errors.ts';
import { ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { concatShared } from '../../tensors/shared-bytes.ts';
import { allocateShared } from '../../tensors/shared-memory.ts';
import { elementCount, type Tensor, tensorBytes } from '../../tensors/tensor.ts';
import { stringElements } from '../../tensors/text-codec.ts';
import type { ModelSignature, Session, TensorType } from '../backend.ts';
import { inputShape } from './input-shape.ts';
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
  readonly signature: ModelSignature;
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
    this.signature = signatureOf(interpreter, file);
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

  #shapeFor(index: number, tensor: Tensor): readonly number[] {
    const { name, dtype, typeName, shape } = this.#interpreter.inputs[index] as TensorInfo;
    const declared = this.#file.inputShapes[index] ?? shape;
    return inputShape({ name, dtype, typeName, declared, own: this.#ownShapes[index] ?? shape }, tensor);
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

/** Dimension 0 is the batch. Where inputs leave other sizes open, those of the outputs are not known either. */
function signatureOf(interpreter: Interpreter, { inputShapes }: ModelFile): ModelSignature {
  const inputs = interpreter.inputs.map((info, i) => tensorType(info, inputShapes[i]));
  const isOpen = inputs.some(({ shape }) => shape?.slice(1).includes(ANY_SIZE));
  const outputs = interpreter
    .outputs()
    .map((info) => tensorType(info, isOpen ? info.shape.map(() => ANY_SIZE) : undefined));
  return { inputs, outputs };
}

function tensorType({ dtype, shape }: TensorInfo, declared: readonly number[] = shape): TensorType {
  return { dtype, shape: declared.map((size, d) => (d === 0 ? ANY_SIZE : size)) };
}
