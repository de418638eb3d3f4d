import { availableParallelism } from 'node:os';
import { REDISAI_VERSION } from '../../version.ts';
import { FAILURES } from '../model-series.ts';
import { sourceCommit } from '../source-commit.ts';
import { cpuSeconds, type Section } from './section.ts';

const versions: Section = {
  title: 'ai_versions',
  shown: 'ai',
  fields: () => [
    ['ai_RedisAI_version', REDISAI_VERSION],
    ['ai_low_level_API_version', 1],
    ['ai_rdb_version', 4],
  ],
};

const git: Section = {
  title: 'ai_git',
  shown: 'ai',
  fields: () => [['ai_git_sha', sourceCommit()]],
};

const loadTimeConfigs: Section = {
  title: 'ai_load_time_configs',
  shown: 'ai',
  fields: ({ devices }) => {
    const {
      threadsPerQueue,
      intraOpParallelism,
      interOpParallelism,
      executionTimeoutMs,
      backendMemoryLimit,
    } = devices.settings;
    return [
      ['ai_threads_per_queue', threadsPerQueue],
      ['ai_inter_op_parallelism', interOpParallelism],
      ['ai_intra_op_parallelism', intraOpParallelism],
      ['ai_model_execution_timeout', executionTimeoutMs],
      ['ai_backend_memory_limit', Math.floor(backendMemoryLimit / 2 ** 20)],
      ['ai_available_parallelism', availableParallelism()],
    ];
  },
};

const backendsInfo: Section = {
  title: 'ai_backends_info',
  shown: 'ai',
  fields: ({ devices }) => [
    ...[...devices.backendVersions()].map(([name, version]) => [`ai_${name}_version`, version] as const),
    ...devices
      .loadedBackends()
      .map(
        ({ backend, module, runtime, sessions, bytes }) =>
          [
            `ai_backend_${backend}`,
            [
              `module=${module ?? 'server'}`,
              `runtime=${runtime?.name ?? ''}`,
              `version=${runtime?.version ?? ''}`,
              `sessions=${sessions}`,
              `memory=${bytes}`,
            ].join(','),
          ] as const,
      ),
    ['ai_onnxruntime_memory', devices.sessionBytes],
    ['ai_onnxruntime_memory_access_num', devices.counters().sessionsMade],
    // Each device runs as many at the same time, as in RedisAI; the one more thread loads.
    ['ai_onnxruntime_maximum_run_sessions_number', devices.settings.threadsPerQueue],
  ],
};

const cpu: Section = {
  title: 'ai_cpu',
  shown: 'ai',
  fields({ devices }) {
    const whole = process.cpuUsage();
    const main = process.threadCpuUsage();
    return [
      ['ai_self_used_cpu_sys', cpuSeconds(whole.system)],
      ['ai_self_used_cpu_user', cpuSeconds(whole.user)],
      ['ai_children_used_cpu_sys', cpuSeconds(0)],
      ['ai_children_used_cpu_user', cpuSeconds(0)],
      ['ai_main_thread_used_cpu_sys', cpuSeconds(main.system)],
      ['ai_main_thread_used_cpu_user', cpuSeconds(main.user)],
      ...devices
        .workerCpu()
        .map(
          ({ device, thread, micros }) =>
            [`ai_queue_${device}_bthread_n${thread}_used_cpu_total`, cpuSeconds(micros)] as const,
        ),
    ];
  },
};

const execution: Section = {
  title: 'ai_execution',
  shown: 'ai',
  fields: ({ devices, experiments: { shadows } }) => {
    const counters = devices.counters();
    return [
      ['ai_runs', counters.runs],
      ['ai_runs_refused', counters.refusedRuns],
      ['ai_runs_timed_out', counters.timedOutRuns],
      ['ai_workers_replaced', counters.workersReplaced],
      ['ai_stuck_threads', devices.stuckThreads],
      ['ai_queue_length', devices.queueLength],
      ['ai_queue_length_limit', devices.settings.maxQueueLength],
      ['ai_sessions', devices.sessions],
      ['ai_session_bytes', devices.sessionBytes],
      ['ai_session_bytes_limit', devices.settings.backendMemoryLimit],
      ['ai_sessions_unloaded', devices.sessionsUnloaded],
      ['ai_shadow_runs', shadows.counters.runs],
      ['ai_shadow_runs_failed', shadows.counters.failed],
      ['ai_shadow_runs_dropped', shadows.counters.dropped],
      ['ai_shadow_runs_waiting', shadows.waiting],
    ];
  },
};

/** Models and scripts by their keys, as in a URL, since they were first run: times from the queue to the reply in us, cumulative. */
const models: Section = {
  title: 'ai_models',
  shown: 'ai',
  fields: ({ devices }) =>
    devices.runs.all().map(({ model, device, total, failures, pending, rows }, i) => {
      const counts = {
        key: encodeURIComponent(model.toWellFormed()),
        device,
        runs: total.count,
        failures: FAILURES.reduce((sum, failure) => sum + failures[failure], 0),
        pending,
        batches: rows.count,
        rows: rows.sum,
        usec_at_most: total
          .cumulative()
          .map((pair) => pair.join('_'))
          .join('|'),
      };
      const texts = Object.entries(counts).map(([name, value]) => `${name}=${value}`);
      return [`ai_model_${i}`, texts.join(',')] as const;
    }),
};

/** RedisAI's sections of INFO MODULES, and two of our own. What is not known here is left out. */
export const aiSections: readonly Section[] = [
  versions,
  git,
  loadTimeConfigs,
  backendsInfo,
  cpu,
  execution,
  models,
];
