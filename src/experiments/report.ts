import type { KeyName } from '../keyspace/keyspace.ts';
import type { LatencyHistogram } from '../observability/latency-histogram.ts';
import type { ArmStatistics } from './arm-statistics.ts';
import type { ExperimentMode, StoredExperiment } from './experiment.ts';

/** Durations in us that half, 90 % and 99 % of the runs do not pass. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** How a candidate's outputs compare with the primary's on the same inputs. What a row is: see `Agreement`. */
export interface AgreementReport {
  /** Runs that were compared. */
  readonly compared: number;
  /** Runs whose outputs have other shapes than the primary's, which nothing below counts. */
  readonly incomparable: number;
  /** Infinite where one side has a number and the other one none. */
  readonly maxDifference: number;
  readonly meanDifference: number;
  /** Share of the rows with a first choice where that is the same, 0 to 1; null where no row has one. */
  readonly top1Match: number | null;
  readonly rows: number;
  readonly rowsOverTolerance: number;
}

export interface ArmReport {
  readonly key: KeyName;
  readonly role: 'primary' | 'candidate';
  readonly weight: number;
  /** Runs that gave outputs. */
  readonly runs: number;
  readonly errors: number;
  /** The text of the last error; null where there was none. */
  readonly lastError: string | null;
  /** Shadow runs that were given up before they began. */
  readonly dropped: number;
  /** Shadow runs that wait or are under way. */
  readonly waiting: number;
  /** Runs a second, as the mean of the last 10 s. */
  readonly runsPerSecond: number;
  /** As a client sees it; of shadow runs with the time that they wait behind others. */
  readonly latency: Percentiles;
  /** Of that, what is not `compute`. */
  readonly queue: Percentiles;
  /** Inside of the runtime: what models are compared by. */
  readonly compute: Percentiles;
  /** Null where nothing is compared: of the primary, and in SPLIT. */
  readonly agreement: AgreementReport | null;
}

/** What this node has seen of an experiment. */
export interface ExperimentReport {
  readonly key: KeyName;
  readonly mode: ExperimentMode;
  readonly samplePercent: number;
  readonly tolerance: number;
  /** Since when it is counted, Unix time in ms. */
  readonly since: number;
  readonly arms: readonly ArmReport[];
}

export function reportOf(key: KeyName, experiment: StoredExperiment): ExperimentReport {
  const { mode, samplePercent, tolerance, arms, statistics } = experiment;
  return {
    ...{ key, mode, samplePercent, tolerance },
    since: (statistics[0] as ArmStatistics).counts.since,
    arms: arms.map((arm, i) => {
      const { counts, waiting } = statistics[i] as ArmStatistics;
      const { runs, errors, lastError, dropped, times } = counts;
      return {
        ...arm,
        role: i === 0 ? 'primary' : 'candidate',
        ...{ runs, errors, lastError, dropped, waiting },
        runsPerSecond: counts.rate.perSecond,
        latency: percentilesOf(times?.latency),
        queue: percentilesOf(times?.queue),
        compute: percentilesOf(times?.compute),
        agreement: i === 0 || mode === 'SPLIT' ? null : agreementOf(counts),
      };
    }),
  };
}

function agreementOf({ compared, incomparable, agreement }: ArmStatistics['counts']): AgreementReport {
  const { elements, maxDifference, sumOfDifferences, rows, rowsOverTolerance, ranked, sameTop1 } = agreement;
  return {
    ...{ compared, incomparable, maxDifference, rows, rowsOverTolerance },
    meanDifference: elements === 0 ? 0 : sumOfDifferences / elements,
    top1Match: ranked === 0 ? null : sameTop1 / ranked,
  };
}

function percentilesOf(histogram: LatencyHistogram | undefined): Percentiles {
  const of = (percent: number) => histogram?.percentile(percent) ?? 0;
  return { p50: of(50), p90: of(90), p99: of(99) };
}
