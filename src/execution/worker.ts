import type { Backend, Session } from '../backends/backend.ts';
import type { BackendName } from '../backends/model.ts';
import { errors } from '../errors.ts';
import { countShared } from '../tensors/shared-memory.ts';
import { joinRows, splitRows } from './batch.ts';
import type { LoadResult, LoadTask, RunMessage, RunResult, RunTask, WorkerTask } from './messages.ts';

/** This thread's sessions by model id. */
const sessions = new Map<number, Session>();

/** Backends are imported at first use: a node that serves no model of one does not pay for its library. */
const backends: Partial<Record<BackendName, () => Promise<Backend>>> = {
  ONNX: async () => (await import('../backends/onnx/onnx-backend.ts')).onnxBackend,
  TFLITE: async () => (await import('../backends/tflite/tflite-backend.ts')).tfliteBackend,
  TORCH: async () => (await import('../backends/torch/torch-backend.ts')).torchBackend,
  TF: async () => (await import('../backends/tensorflow/tensorflow-backend.ts')).tensorflowBackend,
};

/** What the pool calls with each task. */
export default async function work(task: WorkerTask): Promise<LoadResult | RunResult[] | undefined> {
  switch (task.kind) {
    case 'load':
      return load(task);
    case 'unload':
      await unload(task.modelIds);
      return undefined;
    case 'run':
      return runAll(task);
    case 'close':
      await unload([...sessions.keys()]);
      return undefined;
  }
}

async function load(task: LoadTask): Promise<LoadResult> {
  const backend = await openBackend(task);
  const session = await backend.load(task.blob, task.options, task.nodes);
  sessions.set(task.modelId, session);
  return { inputs: session.inputs, outputs: session.outputs, runtime: backend.runtime };
}

async function openBackend({ backend, module }: LoadTask): Promise<Backend> {
  if (module !== null) return ((await import(module)) as { default: Backend }).default;
  const open = backends[backend];
  if (open === undefined) throw errors.backendNotLoaded(backend);
  return open();
}

async function unload(modelIds: readonly number[]): Promise<void> {
  for (const id of modelIds) {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.close();
  }
}

async function runAll(task: RunTask): Promise<RunResult[]> {
  await unload(task.unload);
  const results: RunResult[] = [];
  for (const [index, run] of task.runs.entries()) {
    if (Atomics.load(task.progress, 3) !== 0n) break;
    Atomics.store(task.progress, 1, process.hrtime.bigint());
    Atomics.store(task.progress, 0, BigInt(index));
    results.push(await runOne(run));
  }
  const cpu = process.threadCpuUsage();
  Atomics.store(task.progress, 2, BigInt(cpu.user + cpu.system));
  return results;
}

async function runOne(run: RunMessage): Promise<RunResult> {
  const started = process.hrtime.bigint();
  let outcome: RunResult['outcome'];
  try {
    const session = sessions.get(run.modelId);
    if (session === undefined) throw new Error('the model has no session in this worker');
    outcome = await execute(session, run);
  } catch (error) {
    outcome = error instanceof Error ? error.message : String(error);
  }
  return { outcome, durationUs: Number(process.hrtime.bigint() - started) / 1000 };
}

async function execute(session: Session, run: RunMessage): Promise<RunResult['outcome']> {
  for (const inputs of run.requests) for (const tensor of inputs) countShared(tensor.byteLength);
  const [first] = run.requests;
  if (run.requests.length === 1 && first !== undefined) return [await session.run(first)];
  const outputs = await session.run(joinRows(run.requests));
  const rows = run.requests.map((inputs) => inputs[0]?.shape[0] ?? 0);
  return splitRows(outputs, rows) ?? errors.batchSizeMismatch().message;
}
