import type { KeyName } from '../../keyspace.ts';
import { collectionOf } from '../../values/operations.ts';
import type { CheckpointSource } from './checkpointer.ts';
import type { Change } from './record-codec.ts';
import type { Unsaved } from './unsaved.ts';

const WHOLE = 1;
const CONTENT = 2;
const EXPIRY = 4;

/** What has changed in a turn of the event loop, and how. */
export class TurnChanges {
  readonly #keys = new Map<KeyName, number>();
  readonly #settings = new Set<string>();
  #cleared = false;

  /** The key has another value, or none. */
  whole(key: KeyName): void {
    this.#mark(key, WHOLE);
  }

  /** The collection under the key was changed in place. */
  content(key: KeyName): void {
    this.#mark(key, CONTENT);
  }

  expiry(key: KeyName): void {
    this.#mark(key, EXPIRY);
  }

  /** All keys are gone. */
  clear(): void {
    this.#keys.clear();
    this.#cleared = true;
  }

  setting(name: string): void {
    this.#settings.add(name);
  }

  /** Takes the changes as the log has them, and notes them for the next checkpoint. */
  take(source: Pick<CheckpointSource, 'settings' | 'contentToKeep'>, unsaved: Unsaved): Change[] {
    const changes: Change[] = [];
    if (this.#cleared) {
      changes.push({ kind: 'clear' });
      this.#cleared = false;
      unsaved.clear();
    }
    for (const name of this.#settings) {
      unsaved.settings.add(name);
      changes.push({ kind: 'setting', name, value: source.settings.get(name) });
    }
    this.#settings.clear();
    for (const [key, how] of this.#keys) {
      unsaved.keys.add(key);
      changes.push(changeOf(source, key, how));
    }
    this.#keys.clear();
    return changes;
  }

  #mark(key: KeyName, how: number): void {
    this.#keys.set(key, (this.#keys.get(key) ?? 0) | how);
  }
}

function changeOf(source: Pick<CheckpointSource, 'contentToKeep'>, key: KeyName, how: number): Change {
  const content = source.contentToKeep(key);
  if (content === undefined) return { kind: 'delete', key };
  const { value, expiresAt } = content;
  // One that has not been asked for cannot have changed.
  if (value.type === 'onDisk') return { kind: 'expiry', key, expiresAt };
  const collection = collectionOf(value);
  const operations = collection?.operations ?? null;
  // From here on the collection notes what is done to it.
  if (collection !== undefined) collection.operations = [];
  if ((how & WHOLE) !== 0 || ((how & CONTENT) !== 0 && operations === null)) {
    return { kind: 'put', key, expiresAt, value };
  }
  if ((how & CONTENT) === 0) return { kind: 'expiry', key, expiresAt };
  return (how & EXPIRY) !== 0
    ? { kind: 'put', key, expiresAt, value }
    : { kind: 'operations', key, operations: operations ?? [] };
}
