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
import { monotonicMs } from './monotonic-clock.ts';
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
  const { inputs, outputs, signature } = session;
  return { inputs, outputs, signature, runtime: backend.runtime, functions: [] };
}

async function loadScript(task: LoadTask): Promise<LoadResult> {
  const { TorchScriptSession } = await import('../backends/torch/scripts/script-session.ts');
  const session = new TorchScriptSession(task.blob, task.options);
  scripts.set(task.modelId, session);
  return { inputs: [], outputs: [], signature: undefined, runtime: undefined, functions: session.functions };
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
  const startedMs = monotonicMs();
  let joinedMs = startedMs;
  let computedMs: number | undefined;
  let outcome: RunResult['outcome'];
  try {
    if (run.call === undefined) {
      const inputs = joined(run);
      joinedMs = monotonicMs();
      const outputs = await execute(run, inputs);
      computedMs = monotonicMs();
      outcome = split(run, outputs);
    } else outcome = [await callScript(run, run.call)];
  } catch (error) {
    outcome = error instanceof Error ? error.message : String(error);
  }
  const endedMs = monotonicMs();
  const timing = {
    startedMs,
    assemblyUs: (joinedMs - startedMs) * 1000,
    computeUs: ((computedMs ?? endedMs) - joinedMs) * 1000,
  };
  return { outcome, timing, durationUs: (endedMs - startedMs) * 1000 };
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

/** The inputs of one run for all requests. */
function joined({ requests }: RunMessage): readonly Tensor[] {
  for (const inputs of requests) for (const tensor of inputs) countShared(tensor.byteLength);
  const [first] = requests;
  return requests.length === 1 && first !== undefined ? first : joinRows(requests);
}

async function execute({ modelId }: RunMessage, inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
  const session = sessions.get(modelId);
  if (session === undefined) throw new Error('the model has no session in this worker');
  return session.run(inputs);
}

/** Each request's part of the outputs. */
function split({ requests }: RunMessage, outputs: readonly Tensor[]): RunResult['outcome'] {
  if (requests.length === 1) return [outputs];
  const rows = requests.map((inputs) => inputs[0]?.shape[0] ?? 0);
  return splitRows(outputs, rows) ?? errors.batchSizeMismatch().message;
}
