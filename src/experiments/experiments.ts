import type { StoredModel } from '../backends/model.ts';
import type { RunOptions } from '../execution/device-actor.ts';
import type { Devices } from '../execution/devices.ts';
import type { QueueLimit, RunOutcome } from '../execution/run-queue.ts';
import type { KeyName, Keyspace, StoredValue } from '../keyspace/keyspace.ts';
import type { Logger } from '../observability/log.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { ArmStatistics } from './arm-statistics.ts';
import { drawArm, type ExperimentArm, type StoredExperiment } from './experiment.ts';
import { type ExperimentReport, reportOf } from './report.ts';
import { type ShadowRun, ShadowRuns } from './shadow-runs.ts';

/** What runs under a key: its model, or what an experiment makes of its own. */
export interface Servable {
  /** Whose numbers of inputs and outputs have to be given. */
  readonly model: StoredModel;
  /** As a device's. @throws ServerError when the model fails. */
  run(inputs: readonly Tensor[], limit: QueueLimit, options?: RunOptions): Promise<RunOutcome>;
}

/** Reads the model of an arm. @throws ServerError where its key has none. */
export type ArmReader = (arm: KeyName) => StoredModel;

/** Before that many experiments were seen nobody looks which of them are gone. */
const FEW = 64;

/** The experiments of a node: serves their runs, and knows which of them have been used here. */
export class Experiments {
  readonly shadows: ShadowRuns;
  readonly #devices: Devices;
  readonly #current: (key: KeyName) => StoredValue | undefined;
  readonly #seen = new Map<KeyName, StoredExperiment>();
  #pruneAt = FEW;

  /** @param current what a key has, as far as the node knows without asking anybody. */
  constructor(devices: Devices, log: Logger, current: (key: KeyName) => StoredValue | undefined) {
    this.#devices = devices;
    this.#current = current;
    this.shadows = new ShadowRuns(devices, log);
  }

  /**
   * One run of an experiment: which arm answers it and which ones see it is drawn now.
   * @param read for the models of the arms.
   * @param keyspace that the inputs are from.
   * @throws ServerError where the arm that is to answer has no model.
   */
  serve(key: KeyName, experiment: StoredExperiment, read: ArmReader, keyspace: Keyspace): Servable {
    this.#note(key, experiment);
    const { mode, arms, statistics, samplePercent } = experiment;
    const answering = mode === 'SPLIT' ? drawArm(arms, Math.random()) : 0;
    const ownStatistics = statistics[answering] as ArmStatistics;
    const { key: arm } = arms[answering] as ExperimentArm;
    const model = counting(ownStatistics, () => read(arm));
    const device = this.#devices.get(model.device, model.backend);
    const isShadowed = mode === 'SHADOW' && Math.random() * 100 < samplePercent;
    return {
      model,
      run: async (inputs, limit, options) => {
        const outcome = await ownStatistics.observe((measured) =>
          device.run(arm, model, inputs, limit, { ...options, measured }),
        );
        if (outcome === 'TIMEDOUT') ownStatistics.failed(outcome);
        // The client's answer goes out first.
        else if (isShadowed)
          setImmediate(() => this.#shadow(experiment, read, { inputs, keyspace }, outcome));
        return outcome;
      },
    };
  }

  /** What this node has seen of an experiment, which from then on is among `reports`. */
  report(key: KeyName, experiment: StoredExperiment): ExperimentReport {
    this.#note(key, experiment);
    return reportOf(key, experiment);
  }

  /**
   * The experiments that have run or were asked for on this node since it started, sorted by key. Before a Redis those that the node
   * has not seen change or go: it hears of it when a command for the key comes next.
   */
  reports(): ExperimentReport[] {
    this.#prune();
    return [...this.#seen]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, experiment]) => reportOf(key, experiment));
  }

  /** Has the candidates repeat a run of the primary. */
  #shadow(
    { arms, statistics, tolerance }: StoredExperiment,
    read: ArmReader,
    given: Pick<ShadowRun, 'inputs' | 'keyspace'>,
    expected: readonly Tensor[],
  ): void {
    for (const [i, { key }] of arms.entries()) {
      if (i === 0) continue;
      const own = statistics[i] as ArmStatistics;
      this.shadows.offer({ ...given, key, read: () => read(key), statistics: own, expected, tolerance });
    }
  }

  #note(key: KeyName, experiment: StoredExperiment): void {
    this.#seen.set(key, experiment);
    if (this.#seen.size <= this.#pruneAt) return;
    this.#prune();
    this.#pruneAt = Math.max(FEW, 2 * this.#seen.size);
  }

  /** Forgets those that are no longer under their keys. */
  #prune(): void {
    for (const [key, experiment] of this.#seen) {
      const value = this.#current(key);
      if (value?.type !== 'experiment' || value.experiment !== experiment) this.#seen.delete(key);
    }
  }
}

/** Counts what is thrown as an error of the arm. */
function counting<T>(statistics: ArmStatistics, read: () => T): T {
  try {
    return read();
  } catch (error) {
    statistics.failed((error as Error).message);
    throw error;
  }
}
