import { ELEMENT_BYTES } from '../../../tensors/dtype.ts';
import { elementCount } from '../../../tensors/tensor.ts';
import type { Interpreter, TensorInfo } from '../interpreter.ts';
import { openNativeRuntime } from '../native/native-runtime.ts';
import { packStrings } from '../strings.ts';
import { limitMemory, limitTime } from './limits.ts';
import { READY, type TrialRequest, type TrialResult } from './messages.ts';

/** The first bytes of made-up inputs: zeros are indices that are in range, the others are numbers as they come. */
const PATTERNS = [[0], [0x3f, 0x81, 0x02, 0xc4]] as const;

/** After so long a run there is no other one: a client waits for it. */
const ENOUGH_MS = 1000;

/** Loads and runs one model after the other, each of which may be the end of this process. */
const runtime = openNativeRuntime();
limitMemory();
process.on('disconnect', () => process.exit());
process.on('message', async (request: TrialRequest) => {
  limitTime(2 * request.timeoutMs);
  const result = await tryModel(request);
  limitTime(0);
  process.send?.(result);
});
process.send?.(READY);

async function tryModel({ model, threads }: TrialRequest): Promise<TrialResult> {
  let interpreter: Interpreter;
  try {
    interpreter = await runtime.open(model, threads);
  } catch (error) {
    return { refused: (error as Error).message };
  }
  const started = performance.now();
  for (const pattern of PATTERNS) {
    if (performance.now() - started > ENOUGH_MS) break;
    try {
      runOn(interpreter, pattern);
    } catch {
      // What is made up need not suit the model.
    }
  }
  interpreter.close();
  return 'lives';
}

function runOn(interpreter: Interpreter, pattern: readonly number[]): void {
  interpreter.run(interpreter.inputs.map((info) => madeUp(info, pattern)));
  for (let i = 0; i < interpreter.outputs().length; i++) {
    interpreter.readOutput(i, new Uint8Array(interpreter.outputBytes(i)));
  }
}

function madeUp({ dtype, shape }: TensorInfo, pattern: readonly number[]): Uint8Array {
  const count = elementCount(shape);
  if (dtype === 'STRING') return packStrings(Array.from({ length: count }, () => new Uint8Array(0)));
  return Buffer.alloc(count * ELEMENT_BYTES[dtype ?? 'FLOAT'], Uint8Array.from(pattern));
}
