import { SourceError, type Token, tokenize } from './lexer.ts';

/** Deepest nesting of expressions and blocks; what is deeper was made to overflow the stack. */
const MAX_DEPTH = 200;

/** The tokens of a source, and how far they are read. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  /** @param line where the source begins. */
  constructor(source: string, line = 1) {
    this.#tokens = tokenize(source, line);
  }

  get next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  get line(): number {
    return this.next.line;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  /** Whether a symbol or a keyword comes next. */
  sees(...texts: readonly string[]): boolean {
    const { kind, text } = this.next;
    return (kind === 'symbol' || kind === 'name') && texts.includes(text);
  }

  /** Takes the symbol or keyword, if it comes next. */
  accepts(text: string): boolean {
    const found = this.sees(text);
    if (found) this.#at++;
    return found;
  }

  acceptsKind(kind: Token['kind']): boolean {
    const found = this.next.kind === kind;
    if (found) this.take();
    return found;
  }

  /** @throws SourceError when something else comes next. */
  expect(text: string): void {
    if (!this.accepts(text)) this.fail(`expected '${text}'`);
  }

  expectKind(kind: Token['kind']): string {
    if (this.next.kind !== kind) this.fail(`expected ${kind}`);
    return this.take().text;
  }

  /** Whether the token after the next one is this symbol. */
  seesSecond(text: string): boolean {
    const second = this.#tokens[this.#at + 1];
    return second?.kind === 'symbol' && second.text === text;
  }

  fail(reason: string): never {
    const { kind, text, line } = this.next;
    throw new SourceError(`${reason}, found ${text === '' ? kind : `'${text}'`}`, line);
  }

  /** Reads what may be nested in itself. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.fail('nested too deeply');
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }
}
