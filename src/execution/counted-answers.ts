import type { ModelSeries } from '../observability/model-series.ts';
import type { PendingRun } from './run-queue.ts';

/** The answers to a run, its end and its failure counted. */
export function countedAnswers(
  series: ModelSeries,
  resolve: PendingRun['resolve'],
  reject: (error: Error) => void,
): Pick<PendingRun, 'resolve' | 'reject'> {
  return {
    resolve: (outcome) => {
      series.pending--;
      if (outcome === 'TIMEDOUT') series.failures.expired++;
      resolve(outcome);
    },
    reject: (error, failure = 'error') => {
      series.pending--;
      series.failures[failure]++;
      reject(error);
    },
  };
}
