import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './tessera.ts';

/** Why there is no pseudo terminal to be had here; undefined where there is. */
export const noTerminal = whyNoTerminal();

function whyNoTerminal(): string | undefined {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no script(1) of util-linux on PATH';
  }
}

/** A command in a pseudo terminal. */
export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<number | null>;
  output = '';
  #heard = () => {};

  constructor(columns: number, rows: number, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    // stty says the device, for one that changes its size from outside.
    const line = `stty cols ${columns} rows ${rows}; echo "tty=$(tty)"; exec ${quoted}`;
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm', ...env },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.#heard();
    });
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Waits until it has printed that. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Ends what still runs in it, as a window that is closed does. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** The size of the window, as when a user drags it. */
  resize(columns: number, rows: number): void {
    const device = /tty=(\S+)/.exec(this.output)?.[1] as string;
    execFileSync('stty', ['-F', device, 'cols', String(columns), 'rows', String(rows)]);
  }

  /** The lines of the last whole drawing. */
  get screen(): string[] {
    const drawings = this.output.split('\x1b[?2026h\x1b[H');
    const last = drawings.findLast((drawing) => drawing.includes('\x1b[?2026l')) ?? '';
    return stripVTControlCharacters(last.split('\x1b[J')[0] ?? '').split('\r\n');
  }
}
