import { runLoad } from './load.ts';
import { type BenchModel, loadModel } from './models.ts';
import type { BenchOptions } from './options.ts';
import type { Row } from './report.ts';
import { type Bench, type Part, type Scenario, type Shape, SkippedError } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';
import { type NodeGroup, UnsupportedError } from './topology.ts';

const COLD_WARMUP_FACTOR = 3;

/** Runs the chosen scenarios one after the other; each row is yielded when it is measured. */
export async function* runScenarios(
  options: BenchOptions,
  groups: readonly NodeGroup[],
  serverPids: readonly number[],
): AsyncGenerator<Row> {
  const bench = createBench(options, groups, serverPids);
  for (const name of options.scenarios) {
    const scenario = scenarios.find((s) => s.name === name) as Scenario;
    for (const modelName of scenario.usesModel ? options.models : [null]) {
      let cold = true;
      for (const clients of options.clients) {
        for (const pipeline of options.pipeline) {
          yield* runScenario(bench, scenario, modelName, { clients, pipeline, cold });
          cold = false;
        }
      }
    }
  }
}

function createBench(
  options: BenchOptions,
  groups: readonly NodeGroup[],
  serverPids: readonly number[],
): Bench {
  const { durationSeconds, largeModelMegabytes } = options;
  return {
    groups,
    largeModelMegabytes,
    async measure(preparation, { clients, pipeline, cold }, on = groups) {
      const warmupSeconds = options.warmupSeconds * (cold ? COLD_WARMUP_FACTOR : 1);
      const places = Array.from({ length: clients }, (_, client) => ({
        client,
        group: on[client % on.length] as NodeGroup,
      }));
      const work = places.map(({ group, client }) => ({
        address: group.address,
        operation: preparation.operation(group, client),
      }));
      const result = await runLoad(work, { pipeline, warmupSeconds, durationSeconds, serverPids });
      // After errors there is nothing left to find out, and the node may be gone.
      if (result.errors > 0) return result;
      for (const { group, client } of places) await preparation.verify?.(group, client);
      return result;
    },
  };
}

type RowName = Pick<Row, 'scenario' | 'model' | 'clients' | 'pipeline'>;

async function* runScenario(
  bench: Bench,
  scenario: Scenario,
  modelName: string | null,
  shape: Shape,
): AsyncGenerator<Row> {
  const row = { scenario: scenario.name, clients: shape.clients, pipeline: shape.pipeline };
  let model: BenchModel | null = null;
  try {
    if (modelName !== null) model = await loadModel(modelName);
    for await (const part of scenario.run(bench, shape, model)) {
      yield { ...row, model: model?.name ?? null, ...judged(part) };
    }
    for (const group of bench.groups) await group.clear();
  } catch (error) {
    yield { ...row, model: model?.name ?? modelName, ...notMeasured(error as Error) };
  }
}

function judged({ part, result, note }: Part): Omit<Row, keyof RowName> {
  const { measurement, errors, firstError, redirects } = result;
  const common = { part, measurement, errors, redirects };
  if (errors > 0) {
    return { ...common, status: 'failed', note: `${errors} errors, the first: ${firstError}` };
  }
  if (measurement === null) return { ...common, status: 'failed', note: 'nothing was completed in time' };
  const moved = redirects > 0 ? `${redirects} redirections` : '';
  return { ...common, status: 'ok', note: [note, moved].filter((text) => text !== '').join('; ') };
}

function notMeasured(error: Error): Omit<Row, keyof RowName> {
  const common = { part: '', measurement: null, redirects: 0 };
  if (error instanceof UnsupportedError) {
    return { ...common, status: 'unsupported', errors: 0, note: 'not supported by the server' };
  }
  if (error instanceof SkippedError) {
    return { ...common, status: 'skipped', errors: 0, note: `skipped: ${error.message}` };
  }
  return { ...common, status: 'failed', errors: 1, note: error.message };
}
