import type { SessionOptions } from '../../backend.ts';
import { DirectSession } from '../../onnx/direct-session.ts';
import type { GraphPart } from '../../onnx-graph/graph-part.ts';

/** Sessions of one program, at most. */
const MAX_SESSIONS = 64;
/** All of them together are as large as this many of the largest: the parts of a model share out its weights among them. */
const LARGEST = 16;
/** But for small ones, bytes. */
const ALWAYS = 16 * 1024 * 1024;
/** A stage of fewer bytes has few weights or none, and one thread: the threads of a session are its own, and there are many sessions. */
const SMALL = 64 * 1024;

interface Opened {
  readonly session: DirectSession;
  readonly bytes: number;
}

/** The graphs of a program that are loaded in ONNX Runtime, by what they do. Of too many the least recently used go. */
export class StageSessions {
  readonly #options: SessionOptions;
  readonly #opened = new Map<string, Opened>();
  /** Sessions made so far. */
  made = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#opened.size;
  }

  find(key: string): DirectSession | undefined {
    const found = this.#opened.get(key);
    if (found === undefined) return undefined;
    this.#opened.delete(key);
    this.#opened.set(key, found);
    return found.session;
  }

  /**
   * @param isWhole whether it is all of a program, which gets the threads that the options say whatever its size.
   * @throws Error with ONNX Runtime's text when it does not take the graph.
   */
  open(part: GraphPart, isWhole = false): DirectSession {
    const known = this.find(part.key);
    if (known !== undefined) return known;
    const model = part.bytes();
    const isSmall = !isWhole && model.length < SMALL;
    const session = new DirectSession(
      model,
      isSmall ? { ...this.#options, intraOpParallelism: 1 } : this.#options,
      // As ops/pools.ts guards.
      true,
    );
    this.made++;
    this.#opened.set(part.key, { session, bytes: model.length });
    this.#shrink();
    return session;
  }

  close(): void {
    for (const { session } of this.#opened.values()) session.close();
    this.#opened.clear();
  }

  /** Never the last one, which is about to run. */
  #shrink(): void {
    const sizes = Array.from(this.#opened.values(), ({ bytes }) => bytes);
    const most = Math.max(ALWAYS, LARGEST * Math.max(...sizes));
    let total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    for (const [key, { session, bytes }] of this.#opened) {
      if (this.#opened.size <= MAX_SESSIONS && total <= most) return;
      session.close();
      this.#opened.delete(key);
      total -= bytes;
    }
  }
}
