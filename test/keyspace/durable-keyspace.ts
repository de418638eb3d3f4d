import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import type { LogDamage } from '../../src/keyspace/embedded/durability/log-reader.ts';
import { Persistence } from '../../src/keyspace/embedded/durability/persistence.ts';
import { EmbeddedKeyspace } from '../../src/keyspace/embedded/embedded-keyspace.ts';

export interface DurableKeyspace {
  readonly keyspace: EmbeddedKeyspace;
  readonly persistence: Persistence;
  /** Where the log was cut, of what was found at the start. */
  readonly damage: LogDamage | null;
}

const opened: DurableKeyspace[] = [];

afterEach(async () => {
  for (const { keyspace, persistence } of opened.splice(0)) {
    keyspace.close();
    await persistence.close();
  }
});

/** A keyspace over a data folder; closed when the test ends. */
export function openKeyspace(folder: string, failed = rethrow): DurableKeyspace {
  const keyspace = new EmbeddedKeyspace(false);
  let damage: LogDamage | null = null;
  const persistence = new Persistence(keyspace, {
    folder,
    durability: 'everysec',
    isVolatile: () => false,
    failed,
    recovered: () => {},
    cut: (found) => {
      damage = found;
    },
  });
  const durable = { keyspace, persistence, damage };
  opened.push(durable);
  return durable;
}

function rethrow(error: Error): void {
  throw error;
}

export function emptyFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'tessera-'));
}

/** What another process would find in the folder if this one died now. */
export function afterCrash(folder: string): string {
  const copy = emptyFolder();
  cpSync(folder, copy, { recursive: true });
  rmSync(path.join(copy, 'lock'));
  return copy;
}

export const string = (text: string) =>
  ({ type: 'string', bytes: Uint8Array.from(Buffer.from(text)) }) as const;

/** The end of a turn of the event loop, after which what it changed is in the log. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What is under a key, as text. */
export function textOf({ keyspace }: DurableKeyspace, key: string): string | undefined {
  const value = keyspace.peek(key);
  return value?.type === 'string' ? Buffer.from(value.bytes).toString() : value?.type;
}
