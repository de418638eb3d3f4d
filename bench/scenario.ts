import type { Address } from './connection.ts';
import type { LoadResult } from './load.ts';
import type { BenchModel } from './models.ts';
import type { Operation } from './operation.ts';
import type { NodeGroup } from './topology.ts';

/** What a scenario prepared: what each client does. */
export interface Preparation {
  /** @param client counts the clients of all groups, from 0. */
  operation(group: NodeGroup, client: number): Operation;
  /** Looks at what the load has left in the keyspace. @throws WrongReplyError */
  verify?(group: NodeGroup, client: number): Promise<void>;
}

/** A reply that is none of the right ones, noticed outside of the load. */
export class WrongReplyError extends Error {}

/** This scenario cannot be run with that model. */
export class SkippedError extends Error {}

/** How much load, from the options: one row's worth. */
export interface Shape {
  readonly clients: number;
  readonly pipeline: number;
  /** The first row of its kind: server and client have yet to compile what it runs. */
  readonly cold: boolean;
}

/** What scenarios run on. */
export interface Bench {
  readonly groups: readonly NodeGroup[];
  /** Size of the model that model-load stores, MiB. */
  readonly largeModelMegabytes: number;
  /** Spreads the clients over the groups, runs the load, and verifies. */
  measure(preparation: Preparation, shape: Shape, groups?: readonly NodeGroup[]): Promise<LoadResult>;
}

/** A measured part of a scenario. */
export interface Part {
  /** Tells the parts of one scenario apart; empty where there is only one. */
  readonly part: string;
  readonly result: LoadResult;
  readonly note: string;
}

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** Whether it is run once for each chosen model. */
  readonly usesModel: boolean;
  /** Does all of it for one number of clients. Throws to fail the row; rows that were yielded stay. */
  run(bench: Bench, shape: Shape, model: BenchModel | null): AsyncGenerator<Part>;
}

type Prepare = (bench: Bench, shape: Shape, model: BenchModel) => Promise<Preparation>;

/** A scenario that is one load: prepared, then measured. */
export function simpleScenario(
  name: string,
  summary: string,
  usesModel: boolean,
  prepare: Prepare,
): Scenario {
  return {
    name,
    summary,
    usesModel,
    async *run(bench, shape, model) {
      const preparation = await prepare(bench, shape, model as BenchModel);
      yield { part: '', result: await bench.measure(preparation, shape), note: '' };
    },
  };
}

/** The text of an address. */
export const formatAddress = ({ host, port }: Address) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
