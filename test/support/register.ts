/**
 * What a key has had, in the order in which its one writer wrote it: tells whether what a reader saw can have been there while it looked. Nothing
 * that was written over before the reader began, and nothing older than what another reader had seen by then.
 */
export class Register<T> {
  readonly name: string;
  readonly #contents: T[];
  #acknowledged = 0;
  #seen = 0;
  #checks = 0;
  readonly #wrong: string[] = [];

  /** @param first what is there at the start. */
  constructor(name: string, first: T) {
    this.name = name;
    this.#contents = [first];
  }

  /** Reads that were looked at. */
  get checks(): number {
    return this.#checks;
  }

  /** Writes that have begun. */
  get writes(): number {
    return this.#contents.length - 1;
  }

  /** Each read that saw what it cannot have seen. */
  get wrong(): readonly string[] {
    return this.#wrong;
  }

  /** Writes of one register come one after the other. @param send writes the content, and ends when that is acknowledged. */
  async write(content: T, send: () => Promise<unknown>): Promise<void> {
    this.#contents.push(content);
    await send();
    this.#acknowledged = this.#contents.length - 1;
  }

  /** @param see gives what the reader sees. @param how it reads, for the message. */
  async read(how: string, see: () => Promise<T>): Promise<void> {
    const from = Math.max(this.#acknowledged, this.#seen);
    const found = await see();
    this.#checks++;
    const possible = this.#contents.slice(from);
    const at = possible.indexOf(found);
    // Where it was there more than once, it may be the first.
    if (at >= 0) this.#seen = Math.max(this.#seen, from + at);
    else this.#wrong.push(`${this.name} by ${how}: ${found}, may be ${possible.join(' or ')}`);
  }
}
