import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errors } from '../../../errors.ts';
import { READY, type TrialRequest, type TrialResult } from './messages.ts';

/** An idle child is kept for the next model for so long. */
const WARM_MS = 30_000;
const CHILD = new URL('./child.ts', import.meta.url);
const FOLDER = 'tried-models';

export interface TrialOptions {
  /** Of the node: models that live are remembered in there by their hash, for other threads and after a restart. */
  readonly dataDirectory: string;
  /** For loading and running, once the child is up. */
  readonly timeoutMs: number;
  /** Of the runtime: another one may crash where this one does not. */
  readonly version: string;
  readonly threads: number;
}

/**
 * Loads and runs a model in a process of its own, as the library may crash on a damaged one. Nothing where that went well before.
 * @throws ServerError where the model is refused, or ends the process, or does not come back in time.
 */
export async function tryModel(model: Uint8Array, options: TrialOptions): Promise<void> {
  const { threads, timeoutMs } = options;
  const folder = path.join(options.dataDirectory, FOLDER);
  const mark = path.join(folder, `${createHash('sha256').update(model).digest('hex')}-${options.version}`);
  if (existsSync(mark)) return;
  const result = await inChild({ model, threads, timeoutMs });
  if (result !== 'lives') throw errors.backend(result.refused);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(mark, '');
  } catch {
    // A disk that is full costs another trial, not the model.
  }
}

let warm: ChildProcess | undefined;
let cooling: NodeJS.Timeout | undefined;

async function inChild(request: TrialRequest): Promise<TrialResult> {
  clearTimeout(cooling);
  const child = warm ?? (await start());
  warm = undefined;
  const result = await answer(child, request);
  // Another load of this thread may have begun meanwhile, with a child of its own.
  if (warm !== undefined) child.kill();
  else keepWarm(child);
  return result;
}

async function start(): Promise<ChildProcess> {
  const child = fork(CHILD, {
    execArgv: [],
    serialization: 'advanced',
    // What the library has to say in there is said by its result.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(errors.tfliteNoTrial()));
    child.once('message', (message) => message === READY && resolve());
  });
  child.removeAllListeners();
  return child;
}

function answer(child: ChildProcess, request: TrialRequest): Promise<TrialResult> {
  const { timeoutMs } = request;
  return new Promise((resolve, reject) => {
    const give = (settle: () => void) => {
      clearTimeout(timer);
      child.removeAllListeners();
      // Without a listener an error of the channel, such as that the child is gone, would end this thread.
      child.on('error', () => {});
      settle();
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      give(() => reject(errors.tfliteHang(timeoutMs)));
    }, timeoutMs);
    child.once('exit', () => give(() => reject(errors.tfliteCrash())));
    child.once('error', () => {
      child.kill('SIGKILL');
      give(() => reject(errors.tfliteCrash()));
    });
    child.once('message', (result) => give(() => resolve(result as TrialResult)));
    child.send(request);
  });
}

function keepWarm(child: ChildProcess): void {
  warm = child;
  child.once('exit', () => {
    if (warm === child) warm = undefined;
  });
  cooling = setTimeout(() => {
    if (warm !== child) return;
    warm = undefined;
    child.kill();
  }, WARM_MS);
  // Neither may keep the thread.
  cooling.unref();
  child.unref();
  child.channel?.unref();
}
