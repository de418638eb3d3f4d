import Denque from 'denque';
import type { Runnable } from '../backends/model.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import { type BatchTiming, ModelSeries, type SlowRun } from './model-series.ts';

/** Models that are told apart. What a monitoring system keeps grows with them, and clients name keys as they like. */
const MOST_SERIES = 100;
/** The label of those beyond. */
const OTHERS = '_other';
const LONGEST_LABEL = 128;
const MOST_SLOW_RUNS = 64;

/** Counts runs by the key of the model and its device. A model's series goes with the model. */
export class RunMetrics {
  readonly #series = new Map<string, Map<KeyName, ModelSeries>>();
  readonly #others = new Map<string, ModelSeries>();
  readonly #slow = new Denque<SlowRun>();
  readonly #slowUs: () => number;
  #size = 0;

  /** @param slowUs from which on a run is noted as slow; negative: never. */
  constructor(slowUs: () => number) {
    this.#slowUs = slowUs;
  }

  /** The latest runs that took long, newest first. */
  get slow(): readonly SlowRun[] {
    return this.#slow.toArray();
  }

  /** All of them; those that are not told apart come last. */
  all(): ModelSeries[] {
    const apart = [...this.#series.values()].flatMap((ofDevice) => [...ofDevice.values()]);
    return [...apart, ...this.#others.values()];
  }

  /** Where a run of the model under that key is counted. */
  of(device: string, key: KeyName, { id }: Runnable): ModelSeries {
    const series = this.#series.get(device)?.get(key) ?? this.#add(device, key);
    series.modelId = id;
    return series;
  }

  /** Counts a run that succeeded. Times in ms as of `performance.now`. */
  succeeded(series: ModelSeries, queuedAt: number, now: number, timing: BatchTiming): void {
    const { startedAt, assemblyUs, computeUs } = timing;
    const totalUs = (now - queuedAt) * 1000;
    const outsideUs = Math.max(0, totalUs - assemblyUs - computeUs);
    // The clocks of two threads agree to within microseconds: the stages come to the whole all the same.
    const queueUs = Math.min(outsideUs, Math.max(0, (startedAt - queuedAt) * 1000));
    const replyUs = outsideUs - queueUs;
    const stagesUs = { queue: queueUs, assembly: assemblyUs, compute: computeUs, reply: replyUs };
    series.succeeded(totalUs, stagesUs);
    const limit = this.#slowUs();
    if (limit < 0 || totalUs < limit) return;
    const { model, device } = series;
    this.#slow.unshift({ at: Date.now(), model, device, totalUs, stagesUs });
    if (this.#slow.length > MOST_SLOW_RUNS) this.#slow.pop();
  }

  /** The model is gone. */
  drop({ id }: Runnable): void {
    this.#deleteWhere((_, series) => series.modelId === id);
  }

  /** Forgets keys that have no model any more, as one that was renamed. */
  prune(hasModel: (key: KeyName) => boolean): void {
    this.#deleteWhere((key, { pending }) => pending === 0 && !hasModel(key));
  }

  #add(device: string, key: KeyName): ModelSeries {
    const label = labelOf(key);
    if (this.#size >= MOST_SERIES || label === undefined) return this.#othersOf(device);
    const series = new ModelSeries(label, device, key);
    const ofDevice = this.#series.get(device) ?? new Map();
    this.#series.set(device, ofDevice);
    ofDevice.set(key, series);
    this.#size++;
    return series;
  }

  #othersOf(device: string): ModelSeries {
    let series = this.#others.get(device);
    if (series === undefined) {
      series = new ModelSeries(OTHERS, device, null);
      this.#others.set(device, series);
    }
    return series;
  }

  #deleteWhere(test: (key: KeyName, series: ModelSeries) => boolean): void {
    for (const ofDevice of this.#series.values()) {
      for (const [key, series] of ofDevice) if (test(key, series) && ofDevice.delete(key)) this.#size--;
    }
  }
}

/** The key as text; undefined where another key could come to the same. */
function labelOf(key: KeyName): string | undefined {
  if (key.length > LONGEST_LABEL || key === OTHERS) return undefined;
  const text = Buffer.from(key, 'latin1').toString('utf8');
  return Buffer.from(text, 'utf8').toString('latin1') === key ? text : undefined;
}
