import type { Key } from './connection.ts';

/**
 * What the tensors of a DAG are called on the wire. There a tensor that is loaded or persisted has its key for a name, and the
 * others must not have such a key for theirs.
 */
export class DagNames {
  readonly #keys = new Map<string, Key>();
  readonly #taken = new Set<string>();
  /** The latest name that was written under a key's name. */
  readonly #written = new Map<string, string>();

  /** @throws RangeError when a name is loaded from one key and persisted under another. */
  constructor(loads: ReadonlyMap<string, Key>, persists: ReadonlyMap<string, Key>) {
    for (const [name, key] of [...loads, ...persists]) {
      const other = this.#keys.get(name);
      if (other !== undefined && idOf(other) !== idOf(key)) {
        throw new RangeError(`"${name}" cannot be loaded from and persisted under different keys in one DAG`);
      }
      this.#keys.set(name, key);
      this.#taken.add(idOf(key));
    }
  }

  /** The wire's name of a tensor that a step makes. */
  readonly output = (name: string): Key => {
    const wire = this.#wire(name);
    this.#written.set(idOf(wire), name);
    return wire;
  };

  /**
   * The wire's name of a tensor that a step takes.
   * @throws RangeError when a tensor of another name, which is persisted under the key that this one was loaded from, has replaced it.
   */
  readonly input = (name: string): Key => {
    const wire = this.#wire(name);
    const latest = this.#written.get(idOf(wire)) ?? name;
    if (latest !== name) throw new RangeError(`"${name}" is needed after "${latest}" has replaced it`);
    return wire;
  };

  #wire(name: string): Key {
    const key = this.#keys.get(name);
    if (key !== undefined) return key;
    return this.#taken.has(idOf(name)) ? `\0${name}` : name;
  }
}

function idOf(key: Key): string {
  return Buffer.from(key).toString('latin1');
}
