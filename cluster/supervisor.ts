import { type ChildProcess, spawn } from 'node:child_process';

export interface SupervisorOptions {
  /** The program that runs a node: called as `main node --config .. --name .. --data ..`. */
  readonly mainPath: string;
  readonly configPath: string;
  readonly config: { readonly nodes: readonly { readonly name: string }[] };
  readonly dataDir: string;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** After the first end a node starts again at once, then later and later. */
const SECOND_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** A node that was up for this long starts again at once. */
const STABLE_MS = 10_000;
const STOP_PATIENCE_MS = 5000;
/** A node that never came up is given up after so many tries. */
const MOST_FAILED_STARTS = 5;

interface Supervised {
  readonly name: string;
  child: ChildProcess | null;
  delayMs: number;
  failedStarts: number;
  everReady: boolean;
  /** Told to end by a client (SHUTDOWN): it does not start again. */
  shutDown: boolean;
}

/** Starts one process a node and brings back those that die. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #nodes: Supervised[];
  /** Restarts that are due, each with what is told that it is given up. */
  readonly #restarts = new Map<NodeJS.Timeout, (error: Error) => void>();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#nodes = options.config.nodes.map(({ name }) => ({
      name,
      child: null,
      delayMs: 0,
      failedStarts: 0,
      everReady: false,
      shutDown: false,
    }));
  }

  /** Whether `stop` was called. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Process ids by node name. */
  get pids(): Record<string, number | undefined> {
    return Object.fromEntries(this.#nodes.map((node) => [node.name, node.child?.pid]));
  }

  /** Resolves when all nodes are ready. @throws Error when one does not come up at all, or `stop` was called first. */
  async start(): Promise<void> {
    await Promise.all(
      this.#nodes.map((node) => new Promise<void>((resolve, reject) => this.#spawn(node, resolve, reject))),
    );
  }

  /** Ends all nodes: asks first, and forces those that take longer than 5 s. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const [timer, given] of this.#restarts) {
      clearTimeout(timer);
      given(new Error('stopped'));
    }
    await Promise.all(this.#nodes.map((node) => endProcess(node.child)));
  }

  #spawn(node: Supervised, ready: () => void, failed: (error: Error) => void): void {
    const { mainPath, configPath, dataDir, log } = this.#options;
    const args = ['node', '--config', configPath, '--name', node.name, '--data', dataDir];
    const child = spawn(process.execPath, [mainPath, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const startedAt = Date.now();
    let upSince: number | null = null;
    node.child = child;
    child.on('message', (message: { type?: string }) => {
      if (message.type === 'shutdown') node.shutDown = true;
      if (message.type !== 'ready') return;
      upSince = Date.now();
      node.failedStarts = 0;
      if (node.everReady) log('info', `${node.name} is back after ${Date.now() - startedAt} ms`);
      node.everReady = true;
      ready();
    });
    child.on('error', (error) => log('error', `${node.name}: ${error.message}`));
    child.once('close', (code, signal) => {
      node.child = null;
      if (this.#stopping) {
        failed(new Error(`${node.name} was stopped`));
        return;
      }
      if (node.shutDown) {
        log('info', `${node.name} was shut down`);
        return;
      }
      if (upSince === null) node.failedStarts++;
      if (!node.everReady && node.failedStarts >= MOST_FAILED_STARTS) {
        failed(new Error(`${node.name} does not start (${signal ?? `exit code ${code}`})`));
        return;
      }
      if (upSince !== null && Date.now() - upSince >= STABLE_MS) node.delayMs = 0;
      log(
        'warn',
        `${node.name} ended (${signal ?? `exit code ${code}`}), starts again ${node.delayMs === 0 ? 'at once' : `in ${node.delayMs} ms`}`,
      );
      const timer = setTimeout(() => {
        this.#restarts.delete(timer);
        this.#spawn(node, ready, failed);
      }, node.delayMs);
      this.#restarts.set(timer, failed);
      node.delayMs = Math.min(Math.max(node.delayMs * 2, SECOND_DELAY_MS), LONGEST_DELAY_MS);
    });
  }
}

async function endProcess(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(force);
}
