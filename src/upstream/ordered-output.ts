type Send = () => void;

interface Reserved {
  /** Absent until it is made. */
  sends: Send[] | null;
  /** What came behind it meanwhile. */
  readonly behind: Send[];
}

/** Keeps replies in order where one of them is made later than those behind it. */
export class OrderedOutput {
  readonly #reserved: Reserved[] = [];
  /** Of the reply that is being made. */
  #making: Send[] | null = null;

  /** Whether nothing is waited for: what is sent then need not be added. */
  get isIdle(): boolean {
    return this.#reserved.length === 0;
  }

  /** Sends now, or when its turn comes. */
  add(send: Send): void {
    const queue = this.#making ?? this.#reserved.at(-1)?.behind;
    if (queue === undefined) send();
    else queue.push(send);
  }

  /** Keeps a place. @returns what fills it: all that is added while `make` runs. */
  reserve(): (make: () => void) => void {
    const place: Reserved = { sends: null, behind: [] };
    this.#reserved.push(place);
    return (make) => {
      this.#making = [];
      try {
        make();
      } finally {
        place.sends = this.#making;
        this.#making = null;
        this.#flush();
      }
    };
  }

  #flush(): void {
    for (let next = this.#reserved[0]; next !== undefined && next.sends !== null; next = this.#reserved[0]) {
      this.#reserved.shift();
      for (const send of [...next.sends, ...next.behind]) send();
    }
  }
}
