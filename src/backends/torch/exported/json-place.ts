/** Python writes these as they are, which JSON does not know. Texts are passed over. */
const PYTHON_NUMBERS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;
/** Deeper documents are damage: graphs inside of graphs come to a few dozen levels. */
const MAX_DEPTH = 200;

/** A value of a JSON document that knows where it is, so that what is wrong with it can be said. */
export class JsonPlace {
  readonly #value: unknown;
  readonly #parent: JsonPlace | null;
  readonly #key: string;
  readonly #depth: number;

  private constructor(value: unknown, parent: JsonPlace | null, key: string) {
    this.#value = value;
    this.#parent = parent;
    this.#key = key;
    this.#depth = parent === null ? 0 : parent.#depth + 1;
    if (this.#depth > MAX_DEPTH) throw new Error(`${this.#root().#key} is nested too deeply`);
  }

  /**
   * @param name of the file, for errors.
   * @throws Error when the bytes are no JSON.
   */
  static parse(bytes: Uint8Array, name: string): JsonPlace {
    const text = Buffer.from(bytes).toString('utf8');
    try {
      return new JsonPlace(parse(text), null, name);
    } catch (error) {
      throw new Error(`${name} is no JSON: ${(error as Error).message}`);
    }
  }

  /** @throws Error where there is none. */
  field(name: string): JsonPlace {
    return this.optional(name) ?? this.fail(`lacks '${name}'`);
  }

  /** A field that may be left out, or null. */
  optional(name: string): JsonPlace | undefined {
    const object = this.#object();
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    return value === undefined || value === null ? undefined : new JsonPlace(value, this, `.${name}`);
  }

  entries(): [string, JsonPlace][] {
    return Object.entries(this.#object()).map(([name, value]) => [
      name,
      new JsonPlace(value, this, `.${name}`),
    ]);
  }

  list(): JsonPlace[] {
    if (!Array.isArray(this.#value)) return this.fail('is no list');
    return this.#value.map((item, i) => new JsonPlace(item, this, `[${i}]`));
  }

  text(): string {
    return typeof this.#value === 'string' ? this.#value : this.fail('is no text');
  }

  bool(): boolean {
    return typeof this.#value === 'boolean' ? this.#value : this.fail('is neither true nor false');
  }

  /** Past 2^53 it loses digits: such numbers are ends of slices only. */
  int(): number {
    return typeof this.#value === 'number' && Number.isInteger(this.#value)
      ? this.#value
      : this.fail('is no integer');
  }

  /** Infinities and NaN come as texts. */
  float(): number {
    if (typeof this.#value === 'number') return this.#value;
    const named = typeof this.#value === 'string' && /^(-?Infinity|NaN)$/.test(this.#value);
    return named ? Number(this.#value) : this.fail('is no number');
  }

  /** What is in a union, and which of its members it is: { as_int: 3 }, which torch up to 2.2 wrote as { $type: 'as_int', $value: 3 }. */
  union(): readonly [string, JsonPlace] {
    const type = this.optional('$type');
    if (type !== undefined) return [type.text(), this.field('$value')];
    const [only, ...others] = this.entries().filter(([, { isNull }]) => !isNull);
    if (only === undefined || others.length > 0) return this.fail('is no union of one member');
    return only;
  }

  get isNumber(): boolean {
    return typeof this.#value === 'number';
  }

  get isNull(): boolean {
    return this.#value === null;
  }

  fail(reason: string): never {
    let path = '';
    for (let place: JsonPlace | null = this; place !== null; place = place.#parent) {
      path = place.#parent === null ? `${place.#key}: ${path.replace(/^\./, '')}` : place.#key + path;
    }
    throw new Error(`${path} ${reason}`);
  }

  #root(): JsonPlace {
    return this.#parent === null ? this : this.#parent.#root();
  }

  #object(): Record<string, unknown> {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail('is no object');
    return value as Record<string, unknown>;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const named = text.replace(PYTHON_NUMBERS, (found) => (found.startsWith('"') ? found : `"${found}"`));
    if (named === text) throw error;
    return JSON.parse(named);
  }
}
