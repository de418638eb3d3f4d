import { emitKeypressEvents, type Key } from 'node:readline';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** Terminals that know it show what is between the two at once. */
const [BEGIN_UPDATE, END_UPDATE] = ['\x1b[?2026h', '\x1b[?2026l'];

export interface ScreenEvents {
  /** A key by its name, such as `q`, `up` or `escape`; with Ctrl `ctrl+c`. */
  readonly key: (name: string) => void;
  readonly resized: () => void;
}

/** The whole terminal, until it is closed or the process exits. */
export class Screen {
  readonly #output = process.stdout;
  readonly #input = process.stdin;
  readonly #events: ScreenEvents;
  readonly #onKey = (_: string | undefined, { name = '', ctrl }: Key) =>
    this.#events.key(ctrl ? `ctrl+${name}` : name);
  readonly #onResize = () => this.#events.resized();
  readonly #onExit = () => this.close();
  #isOpen = true;

  constructor(events: ScreenEvents) {
    this.#events = events;
    this.#output.write(ENTER);
    this.#output.on('resize', this.#onResize);
    if (this.#input.isTTY) {
      emitKeypressEvents(this.#input);
      this.#input.setRawMode(true).resume().on('keypress', this.#onKey);
    }
    process.once('exit', this.#onExit);
  }

  get width(): number {
    return this.#output.columns || 80;
  }

  get height(): number {
    return this.#output.rows || 24;
  }

  /** Draws over what is there, in one write: it does not flicker. */
  draw(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}\x1b[K`).join('\r\n');
    this.#output.write(`${BEGIN_UPDATE}\x1b[H${text}\x1b[J${END_UPDATE}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#onExit);
    this.#output.off('resize', this.#onResize);
    if (this.#input.isTTY) this.#input.off('keypress', this.#onKey).setRawMode(false).pause();
    this.#output.write(LEAVE);
  }
}
