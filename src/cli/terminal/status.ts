/** One line on standard error that changes and then goes, where that is a terminal; nothing elsewhere. */
export class Status {
  readonly #stream = process.stderr;
  #isShown = false;

  show(text: string): void {
    if (!this.#stream.isTTY) return;
    this.#stream.write(`\r\x1b[K${text.slice(0, Math.max(1, (this.#stream.columns || 80) - 1))}`);
    this.#isShown = true;
  }

  clear(): void {
    if (this.#isShown) this.#stream.write('\r\x1b[K');
    this.#isShown = false;
  }
}
