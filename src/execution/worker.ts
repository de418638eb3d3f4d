import type { MessagePort } from 'node:worker_threads';
import type { Backend, Session } from '../backends/backend.ts';
import type { BackendName } from '../backends/model.ts';
import type { ScriptSession } from '../backends/script.ts';
import { errors } from '../errors.ts';
import { countShared } from '../tensors/shared-memory.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { joinRows, splitRows } from './batch.ts';
import type {
  CallMessage,
  LoadResult,
  LoadTask,
  RunMessage,
  RunResult,
  RunTask,
  WorkerTask,
} from './messages.ts';
import { ScriptBridge } from './script-bridge.ts';

/** This thread's sessions by model id. */
const sessions = new Map<number, Session>();
/** This thread's scripts by their ids, which no model has. */
const scripts = new Map<number, ScriptSession>();
/** Where they ask for what is not in this thread. */
let port: MessagePort | undefined;

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
      await unload([...sessions.keys(), ...scripts.keys()]);
      // A port that listens keeps its thread alive.
      port?.close();
      return undefined;
  }
}

async function load(task: LoadTask): Promise<LoadResult> {
  if (task.isScript) return loadScript(task);
  const backend = await openBackend(task);
  const session = await backend.load(task.blob, task.options, task.nodes);
  sessions.set(task.modelId, session);
  return { inputs: session.inputs, outputs: session.outputs, runtime: backend.runtime, functions: [] };
}

async function loadScript(task: LoadTask): Promise<LoadResult> {
  const { TorchScriptSession } = await import('../backends/torch/scripts/script-session.ts');
  const session = new TorchScriptSession(task.blob, task.options);
  scripts.set(task.modelId, session);
  return { inputs: [], outputs: [], runtime: undefined, functions: session.functions };
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
    const script = scripts.get(id);
    scripts.delete(id);
    await script?.close();
  }
}

async function runAll(task: RunTask): Promise<RunResult[]> {
  await unload(task.unload);
  if (task.port !== undefined) port = task.port;
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
    outcome = run.call === undefined ? await execute(run) : [await callScript(run, run.call)];
  } catch (error) {
    outcome = error instanceof Error ? error.message : String(error);
  }
  return { outcome, durationUs: Number(process.hrtime.bigint() - started) / 1000 };
}

async function callScript({ modelId, requests }: RunMessage, call: CallMessage): Promise<readonly Tensor[]> {
  const script = scripts.get(modelId);
  if (script === undefined || port === undefined) throw new Error('the script is not in this worker');
  const [inputs = []] = requests;
  for (const tensor of inputs) countShared(tensor.byteLength);
  const outputs = await script.call(call, inputs, new ScriptBridge(port, call));
  if (call.outputs > 0 && outputs.length !== call.outputs) throw errors.scriptOutputCount(call.functionName);
  return call.outputs === 0 ? [] : outputs;
}

async function execute(run: RunMessage): Promise<RunResult['outcome']> {
  const session = sessions.get(run.modelId);
  if (session === undefined) throw new Error('the model has no session in this worker');
  for (const inputs of run.requests) for (const tensor of inputs) countShared(tensor.byteLength);
  const [first] = run.requests;
  if (run.requests.length === 1 && first !== undefined) return [await session.run(first)];
  const outputs = await session.run(joinRows(run.requests));
  const rows = run.requests.map((inputs) => inputs[0]?.shape[0] ?? 0);
  return splitRows(outputs, rows) ?? errors.batchSizeMismatch().message;
}
