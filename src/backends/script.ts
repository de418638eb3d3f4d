import { ownBytes } from '../tensors/shared-bytes.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { Runnable } from './model.ts';
import { nextModelId } from './model-id.ts';

/** A TorchScript source as it lies under a key. Immutable but for its statistics. */
export interface StoredScript extends Runnable {
  readonly tag: Uint8Array;
  /** Functions that AI.SCRIPTEXECUTE may call; none for a script stored by AI.SCRIPTSET. */
  readonly entryPoints: readonly string[];
  readonly isScript: true;
}

/** What a client says of a script. */
export interface ScriptDescription extends Pick<StoredScript, 'device' | 'tag' | 'entryPoints'> {
  readonly source: Uint8Array;
}

/** A call of a function of a script. Texts have one character a byte: they are bytes to a script, as in libtorch. */
export interface ScriptCall {
  readonly functionName: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** Inputs from this position on are one list (AI.SCRIPTRUN's `$`); undefined where none is. */
  readonly variadicFrom: number | undefined;
  /** How many tensors have to come back; 0 takes whatever does, and drops it. */
  readonly outputs: number;
}

/** A reply as a script sees it. */
export type ScriptReply = number | string | null | readonly ScriptReply[];

/** What a function reaches outside of its thread, during one call. Each of these waits for its answer. */
export interface ScriptHost {
  /** When the call is cut, in ms of performance.now(); in the past once nobody waits for it. */
  readonly deadline: number;
  /** Runs a command as the client that called. @throws Error with the text of its error, or that the call is cut. */
  execute(args: readonly Uint8Array[]): ScriptReply;
  /** Runs the model under a key. @throws Error like `execute`. */
  runModel(key: string, inputs: readonly Tensor[], outputs: number): readonly Tensor[];
  /** @throws Error when the call has been cut. */
  checkWanted(): void;
}

/** A script, compiled in one worker. */
export interface ScriptSession {
  /** Its functions, with the types of their parameters as they are written, without spaces. */
  readonly functions: readonly ScriptFunctionType[];
  /** @throws Error with what the client gets. */
  call(call: ScriptCall, inputs: readonly Tensor[], host: ScriptHost): Promise<readonly Tensor[]>;
  close(): Promise<void>;
}

export interface ScriptFunctionType {
  readonly name: string;
  readonly parameters: readonly string[];
}

/** A script with an id and counts of its own. */
export function newScript({ device, tag, entryPoints, source }: ScriptDescription): StoredScript {
  return {
    id: nextModelId(),
    backend: 'TORCH',
    device,
    tag,
    entryPoints,
    batching: { batchSize: 0, minBatchSize: 0, minBatchTimeoutMs: 0 },
    inputs: [],
    outputs: [],
    blob: ownBytes(source),
    statistics: { durationUs: 0, samples: 0, calls: 0, errors: 0 },
    isScript: true,
  };
}
