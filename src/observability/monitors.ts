import type { ClientSession } from '../client-session.ts';
import type { Command } from '../commands/command.ts';
import { SimpleString } from '../protocol/reply.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { visibleArguments } from './visible-arguments.ts';

const ESCAPES: Record<string, string> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

/** The clients that sent MONITOR: each gets a line for each command that runs. */
export class Monitors {
  readonly #clients = new Set<ClientSession>();

  add(client: ClientSession): void {
    this.#clients.add(client);
  }

  delete(client: ClientSession): void {
    this.#clients.delete(client);
  }

  has(client: ClientSession): boolean {
    return this.#clients.has(client);
  }

  feed(by: ClientSession, command: Command, args: Arguments): void {
    if (this.#clients.size === 0) return;
    const line = monitorLine(by, visibleArguments(command, args));
    // After this turn's replies: the monitor's own come before the line that tells of them.
    queueMicrotask(() => {
      for (const client of this.#clients) client.push(line);
    });
  }
}

function monitorLine(by: ClientSession, args: Arguments): SimpleString {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const seconds = Math.floor(micros / 1e6);
  const fraction = String(micros % 1e6).padStart(6, '0');
  return new SimpleString(`${seconds}.${fraction} [0 ${by.remoteAddress}] ${args.map(quoted).join(' ')}`);
}

/** As Redis quotes bytes: printable ASCII as it is, all else escaped. */
function quoted(arg: Buffer): string {
  const text = arg.toString('latin1');
  const escaped = text.replace(
    /[^ !#-[\]-~]/g,
    (c) => ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}
