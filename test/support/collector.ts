export interface Collector {
  /** A listener: what it is called with is kept as text. */
  readonly add: (...call: unknown[]) => void;
  /** Waits for that many calls and gives the first of them. */
  first(count: number): Promise<string[][]>;
}

/** Collects what a listener is called with, and waits for a number of calls. */
export function collector(): Collector {
  const calls: string[][] = [];
  let told = () => {};
  return {
    add(...call) {
      calls.push(call.map(String));
      told();
    },
    async first(count) {
      while (calls.length < count) await new Promise<void>((resolve) => (told = resolve));
      return calls.slice(0, count);
    },
  };
}
