import type { StoredModel } from '../backends/model.ts';
import { errors, ServerError } from '../errors.ts';
import type { Devices } from '../execution/devices.ts';
import { queueLimit } from '../execution/run-queue.ts';
import type { KeyName, Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../observability/log.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { compareOutputs } from './agreement.ts';
import type { ArmStatistics } from './arm-statistics.ts';

/** Shadow runs of one arm that may wait, more are dropped. */
const MOST_WAITING = 64;
/** Bytes of inputs and of the primary's outputs that all of them may keep; one run may keep more where no other waits. */
const MOST_BYTES = 64 * 1024 * 1024;
/** After which a run that has not begun is dropped: what it would say of the model is no longer of now. */
const PATIENCE_MS = 10_000;

/** A run of the primary that a candidate repeats. */
export interface ShadowRun {
  /** Of the candidate. */
  readonly key: KeyName;
  /** Reads its model. @throws ServerError where it is gone. */
  readonly read: () => StoredModel;
  readonly statistics: ArmStatistics;
  readonly inputs: readonly Tensor[];
  /** What the primary made of them. */
  readonly expected: readonly Tensor[];
  readonly tolerance: number;
  /** Who has the inputs: they count as used until the run is over. */
  readonly keyspace: Keyspace;
}

/** Runs of candidates that no client waits for: in threads of their own, and only so many of them. */
export class ShadowRuns {
  /** Since the start, of all experiments. */
  readonly counters = { runs: 0, failed: 0, dropped: 0 };
  readonly #devices: Devices;
  readonly #log: Logger;
  #waiting = 0;
  #bytes = 0;

  constructor(devices: Devices, log: Logger) {
    this.#devices = devices;
    this.#log = log;
  }

  /** Runs that wait or are under way. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a run, or drops it where too much waits. Never throws: whoever calls has a client to answer. */
  offer(run: ShadowRun): void {
    const { statistics } = run;
    const tensors = [...run.inputs, ...run.expected];
    const bytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (statistics.waiting >= MOST_WAITING || (this.#waiting > 0 && this.#bytes + bytes > MOST_BYTES)) {
      this.#drop(statistics);
      return;
    }
    const release = run.keyspace.hold(tensors.map(({ buffer }) => buffer));
    statistics.waiting++;
    this.#waiting++;
    this.#bytes += bytes;
    void this.#run(run).finally(() => {
      release();
      statistics.waiting--;
      this.#waiting--;
      this.#bytes -= bytes;
    });
  }

  async #run({ key, read, statistics, inputs, expected, tolerance }: ShadowRun): Promise<void> {
    try {
      const outcome = await statistics.observe(async (measured) => {
        const model = read();
        if (model.inputs.length !== inputs.length) throw errors.inputsMismatchModel();
        const device = this.#devices.background(model.device, model.backend);
        return device.run(key, model, inputs, queueLimit(PATIENCE_MS), { measured });
      });
      if (outcome === 'TIMEDOUT') {
        this.#drop(statistics);
        return;
      }
      this.counters.runs++;
      statistics.compared(await compareOutputs(expected, outcome, tolerance));
    } catch (error) {
      this.counters.failed++;
      if (!(error instanceof ServerError))
        this.#log.error({ err: error }, 'internal error in a run of an experiment');
    }
  }

  #drop(statistics: ArmStatistics): void {
    this.counters.dropped++;
    statistics.dropped();
  }
}
