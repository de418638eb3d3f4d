import { errors } from '../../../errors.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import type { ModelSignature, Session, SessionOptions } from '../../backend.ts';
import { openOnnxSession } from '../../onnx/onnx-backend.ts';
import { type DeclaredInput, FixedShapeError, inputShape } from '../input-shape.ts';
import { type LoweredModel, lowerQuantized } from './lower-quantized.ts';

/** The model in ONNX Runtime; null where something in it has no lowering, or ONNX Runtime does not take it. */
export async function openLoweredSession(
  bytes: Uint8Array,
  options: SessionOptions,
): Promise<Session | null> {
  const model = lowerQuantized(bytes);
  if (model === null) return null;
  try {
    return new LoweredSession(model, await openOnnxSession(model.bytes, options));
  } catch {
    return null;
  }
}

class LoweredSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly signature: ModelSignature | undefined;
  readonly #declared: readonly DeclaredInput[];
  readonly #takesRows: boolean;
  readonly #session: Session;

  constructor({ inputs, outputs, takesRows }: LoweredModel, session: Session) {
    this.inputs = inputs.map(({ name }) => name);
    this.outputs = outputs;
    this.#declared = inputs;
    this.#takesRows = takesRows;
    this.signature = session.signature;
    this.#session = session;
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    if (inputs.length !== this.#declared.length) throw errors.inputsMismatchModel();
    const shaped = inputs.map((tensor, i) => {
      const declared = this.#declared[i] as DeclaredInput;
      const shape = inputShape(declared, tensor);
      if (!this.#takesRows && shape[0] !== declared.own[0]) throw new FixedShapeError();
      return { ...tensor, shape };
    });
    return this.#session.run(shaped);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
