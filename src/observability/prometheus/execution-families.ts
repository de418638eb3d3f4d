import type { NodeContext } from '../../node-context.ts';
import { FAILURES, type ModelSeries, STAGES } from '../model-series.ts';
import { ROW_BOUNDS } from '../row-histogram.ts';
import { counter, type Family, gauge, histogram, inSeconds, type Labels, type Sample } from './family.ts';

const labelsOf = ({ model, device }: ModelSeries): Labels => ({ model, device });

function ofSeries({ devices }: NodeContext, read: (series: ModelSeries) => number): Sample[] {
  return devices.runs.all().map((series) => ({ value: read(series), labels: labelsOf(series) }));
}

/** Models, scripts and the devices that run them. */
export const executionFamilies: readonly Family[] = [
  histogram(
    'tessera_run_seconds',
    'Time of runs that succeeded, from the queue to the reply.',
    ({ devices }) => devices.runs.all().map((series) => [labelsOf(series), inSeconds(series.total)] as const),
  ),
  // Four for each model: half of the buckets will do.
  histogram(
    'tessera_run_stage_seconds',
    'Where that time went: queue, assembly of the batch, compute, reply.',
    ({ devices }) =>
      devices.runs
        .all()
        .flatMap((series) =>
          STAGES.map(
            (stage) => [{ ...labelsOf(series), stage }, inSeconds(series.stages[stage], 2)] as const,
          ),
        ),
  ),
  histogram('tessera_batch_rows', 'Rows of the batches that ran.', ({ devices }) =>
    devices.runs.all().map((series) => {
      const counts = series.rows.atMost();
      const buckets = ROW_BOUNDS.map((bound, i) => [bound, counts[i] as number] as const);
      return [labelsOf(series), { buckets, count: series.rows.count, sum: series.rows.sum }] as const;
    }),
  ),
  counter('tessera_run_failures_total', 'Runs that gave no outputs, by reason.', ({ devices }) =>
    devices.runs.all().flatMap((series) =>
      FAILURES.map((reason) => ({
        value: series.failures[reason],
        labels: { ...labelsOf(series), reason },
      })),
    ),
  ),
  gauge('tessera_pending_runs', 'Runs that wait or are under way.', (node) =>
    ofSeries(node, ({ pending }) => pending),
  ),
  ...deviceFamilies(),
  gauge(
    'tessera_queue_limit',
    'Runs that may wait for a device.',
    ({ devices }) => devices.settings.maxQueueLength,
  ),
  counter('tessera_worker_cpu_seconds_total', 'CPU time of worker threads.', ({ devices }) =>
    devices.workerCpu().map(({ device, thread, micros }) => ({
      value: micros / 1e6,
      labels: { device, thread: String(thread) },
    })),
  ),
  gauge('tessera_session_bytes', 'What loaded models hold at least.', ({ devices }) => devices.sessionBytes),
  gauge(
    'tessera_session_limit_bytes',
    'backend-memory-limit; 0 for no limit.',
    ({ devices }) => devices.settings.backendMemoryLimit,
  ),
  counter(
    'tessera_sessions_unloaded_total',
    'Loaded models that had to go because memory is limited.',
    ({ devices }) => devices.sessionsUnloaded,
  ),
];

function deviceFamilies(): Family[] {
  const perDevice = (read: (device: ReturnType<NodeContext['devices']['all']>[number]) => number) => {
    return ({ devices }: NodeContext) =>
      devices.all().map((device) => ({ value: read(device), labels: { device: device.name } }));
  };
  return [
    gauge(
      'tessera_queue_length',
      'Runs that wait for the device.',
      perDevice((d) => d.queueLength),
    ),
    gauge(
      'tessera_busy_threads',
      'Threads that load or run something.',
      perDevice((d) => d.busyThreads),
    ),
    gauge(
      'tessera_stuck_threads',
      'Threads held by a run past its time.',
      perDevice((d) => d.stuckThreads),
    ),
    gauge(
      'tessera_sessions',
      'Loaded models, once for each thread.',
      perDevice((d) => d.sessions),
    ),
    counter(
      'tessera_sessions_made_total',
      'Models loaded.',
      perDevice((d) => d.counters.sessionsMade),
    ),
    counter(
      'tessera_batches_total',
      'Batches run.',
      perDevice((d) => d.counters.runs),
    ),
    counter(
      'tessera_runs_refused_total',
      'Runs that found the queue full.',
      perDevice((d) => d.counters.refusedRuns),
    ),
    counter(
      'tessera_runs_timed_out_total',
      'Batches that passed the execution timeout.',
      perDevice((d) => d.counters.timedOutRuns),
    ),
    counter(
      'tessera_worker_restarts_total',
      'Worker threads that died or were given up.',
      perDevice((d) => d.counters.workersReplaced),
    ),
  ];
}
