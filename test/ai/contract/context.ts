import type { Typed, TypedClient } from '../../support/typed-client.ts';

/** What a section of the contract has to work with: an empty node that owns the keys, and clients of it. */
export interface ContractContext {
  readonly protocol: 2 | 3;
  /**
   * Sends a command with the first client and gives its reply with its types. In the words of the text `@name` is a key; what cannot be
   * written as words comes behind them.
   */
  send(text: string, ...rest: readonly (string | number | Uint8Array)[]): Promise<Typed>;
  /** The same with another client of the same node. */
  sendBy(
    client: TypedClient,
    text: string,
    ...rest: readonly (string | number | Uint8Array)[]
  ): Promise<Typed>;
  /** One more client of that node. */
  connect(): Promise<TypedClient>;
  /** The key that `@name` stands for. */
  key(name: string): string;
  /** A double as the protocol sends it. */
  double(text: string): string;
  /** No value as the protocol sends it. */
  readonly none: Typed;
  /** What TYPE answers for a value of that type. */
  typeOf(type: string): string;
}

/** The bytes of a bulk string, as replies show them. */
export function bulk(bytes: Uint8Array): string {
  return `$${Buffer.from(bytes).toString('latin1')}`;
}
