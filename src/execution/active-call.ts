import type { MessagePort } from 'node:worker_threads';
import type { ScriptCall, ScriptReply } from '../backends/script.ts';
import { errors, ServerError } from '../errors.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { CallMessage, ScriptAnswer, ScriptRequest } from './messages.ts';
import type { QueueLimit } from './run-queue.ts';
import { answerScript, cutCall, isWanted, newSignal } from './script-bridge.ts';

/** Who called, as far as a script can reach out: what it asks is done in that client's name. Both throw ServerErrors. */
export interface ScriptCaller {
  /** @param isWanted tells whether the script still waits: what it asked is not done when it does not. */
  execute(args: readonly Uint8Array[], isWanted: () => boolean): Promise<ScriptReply>;
  /** @param limit for its time in a queue. */
  runModel(
    key: string,
    inputs: readonly Tensor[],
    outputs: number,
    limit: QueueLimit,
  ): Promise<readonly Tensor[]>;
}

/** A call of a script that waits for its device. */
export interface PendingCall {
  readonly call: ScriptCall;
  readonly caller: ScriptCaller;
  /** Fires when nobody waits for the call any more. */
  readonly gone: AbortSignal;
}

let lastCallId = 0;

/** A call of a script that runs in a worker: answers what the script asks, one request at a time. */
export class ActiveCall {
  readonly message: CallMessage;
  /** What went wrong on this side and is no answer to a client. */
  bug: unknown;
  /** Whether the script waits for the run of a model, so that its thread has nothing to do. */
  waits = false;
  readonly #caller: ScriptCaller;
  /** From then on the script surely does not wait any more, in monotonic ms. */
  readonly #given: number;
  readonly #waiting: () => void;

  /**
   * @param limitMs after which it cuts itself.
   * @param graceMs after which its thread is given up then.
   * @param waiting is called when `waits` has changed.
   */
  constructor({ call, caller, gone }: PendingCall, limitMs: number, graceMs: number, waiting: () => void) {
    this.message = { ...call, callId: ++lastCallId, limitMs, signal: newSignal() };
    this.#caller = caller;
    this.#given = performance.now() + limitMs + graceMs;
    this.#waiting = waiting;
    if (gone.aborted) this.cut();
    else gone.addEventListener('abort', () => this.cut(), { once: true });
  }

  cut(): void {
    cutCall(this.message);
  }

  async answer(request: ScriptRequest, port: MessagePort): Promise<void> {
    const { callId, number } = request;
    answerScript(port, this.message, { callId, number, outcome: await this.#outcome(request) });
  }

  async #outcome(request: ScriptRequest): Promise<ScriptAnswer['outcome']> {
    try {
      if (request.kind === 'command')
        return { reply: await this.#caller.execute(request.args, () => isWanted(this.message)) };
      return { outputs: await this.#runModel(request) };
    } catch (error) {
      if (error instanceof ServerError) return { error: error.message };
      this.bug ??= error;
      return { error: errors.internal().message };
    }
  }

  async #runModel({ key, inputs, outputs }: Extract<ScriptRequest, { kind: 'model' }>) {
    this.#setWaits(true);
    try {
      return await this.#caller.runModel(key, inputs, outputs, { deadline: this.#given });
    } finally {
      this.#setWaits(false);
    }
  }

  #setWaits(waits: boolean): void {
    this.waits = waits;
    this.#waiting();
  }
}
