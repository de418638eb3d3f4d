import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ScriptHost, ScriptReply } from '../backends/script.ts';
import { errors } from '../errors.ts';
import { countShared } from '../tensors/shared-memory.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { CallMessage, ScriptAnswer, ScriptRequest } from './messages.ts';

/** Places in a call's `signal`. */
const ANSWERED = 0;
const CUT = 1;
/** What CUT says: why the script does not wait any more. */
const BY_NODE = 1;
const BY_ITSELF = 2;
const LAST = 2 ** 31 - 1;

type Question =
  | Pick<Extract<ScriptRequest, { kind: 'command' }>, 'kind' | 'args'>
  | Pick<Extract<ScriptRequest, { kind: 'model' }>, 'kind' | 'key' | 'inputs' | 'outputs'>;

/** The worker's end: what a script asks goes to the main thread, and the thread waits for the answer. */
export class ScriptBridge implements ScriptHost {
  readonly #deadline: number;
  readonly #port: MessagePort;
  readonly #call: CallMessage;
  #asked = 0;

  constructor(port: MessagePort, call: CallMessage) {
    this.#port = port;
    this.#call = call;
    this.#deadline = performance.now() + call.limitMs;
  }

  get deadline(): number {
    return Atomics.load(this.#call.signal, CUT) === 0 ? this.#deadline : 0;
  }

  execute(args: readonly Uint8Array[]): ScriptReply {
    const outcome = this.#ask({ kind: 'command', args });
    return 'reply' in outcome ? outcome.reply : null;
  }

  runModel(key: string, inputs: readonly Tensor[], outputs: number): readonly Tensor[] {
    const outcome = this.#ask({ kind: 'model', key, inputs, outputs });
    const tensors = 'outputs' in outcome ? outcome.outputs : [];
    for (const { byteLength } of tensors) countShared(byteLength);
    return tensors;
  }

  checkWanted(): void {
    const { signal, limitMs } = this.#call;
    if (Atomics.load(signal, CUT) === BY_NODE) throw errors.scriptUnwanted();
    if (performance.now() < this.#deadline) return;
    Atomics.store(signal, CUT, BY_ITSELF);
    throw errors.scriptTimeout(limitMs);
  }

  #ask(question: Question): Exclude<ScriptAnswer['outcome'], { error: string }> {
    const { callId, signal } = this.#call;
    const number = ++this.#asked;
    this.checkWanted();
    const request: ScriptRequest = { callId, number, ...question };
    this.#port.postMessage(request);
    for (let answered = number - 1; answered < number; answered = Atomics.load(signal, ANSWERED)) {
      Atomics.wait(signal, ANSWERED, answered, this.#deadline - performance.now());
      this.checkWanted();
    }
    const { outcome } = this.#answer(number);
    if ('error' in outcome) throw new Error(outcome.error);
    return outcome;
  }

  /** Those of calls that were cut may still lie before it. */
  #answer(number: number): ScriptAnswer {
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) throw new Error('an answer was announced that is not there');
      const answer = received.message as ScriptAnswer;
      if (answer.callId === this.#call.callId && answer.number === number) return answer;
    }
  }
}

/** Ends a call from outside: it ends at its next question, or when it looks at the clock. */
export function cutCall({ signal }: CallMessage): void {
  Atomics.store(signal, CUT, BY_NODE);
  // Changed too, so that a wait that begins just now does not.
  Atomics.store(signal, ANSWERED, LAST);
  Atomics.notify(signal, ANSWERED);
}

/** Whether the script still waits for what it asks. */
export function isWanted({ signal }: CallMessage): boolean {
  return Atomics.load(signal, CUT) === 0;
}

/** The main thread's end: sends an answer, and wakes who waits for it. */
export function answerScript(port: MessagePort, call: CallMessage, answer: ScriptAnswer): void {
  if (!isWanted(call)) return;
  const { signal } = call;
  port.postMessage(answer);
  Atomics.store(signal, ANSWERED, answer.number);
  Atomics.notify(signal, ANSWERED);
}

/** What a call and its waiting share. */
export function newSignal(): CallMessage['signal'] {
  return new Int32Array(new SharedArrayBuffer(8));
}
