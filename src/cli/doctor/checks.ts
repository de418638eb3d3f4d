import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import { promisify } from 'node:util';
import { hostsOf } from '../../../cluster/access-config.ts';
import { loadClusterConfig } from '../../../cluster/config.ts';
import { formatAddress } from '../connection/address.ts';
import { formatBytes } from '../terminal/progress.ts';

/** `warn` is no hindrance to serving models on the CPU. */
export type Verdict = 'ok' | 'warn' | 'fail';

export interface CheckResult {
  readonly check: string;
  readonly verdict: Verdict;
  readonly found: string;
  /** What to do; null where nothing is wrong. */
  readonly advice: string | null;
}

export interface DoctorOptions {
  /** The cluster file, if it is there. */
  readonly config: string | undefined;
  readonly port: number;
  readonly host: string;
}

const LEAST_NODE = 24;
const LEAST_FREE_MEMORY = 1 << 30;
const LEAST_DATA_SPACE = 1 << 30;

const run = promisify(execFile);

const ok = (check: string, found: string): CheckResult => ({ check, verdict: 'ok', found, advice: null });
const bad = (check: string, verdict: 'warn' | 'fail', found: string, advice: string): CheckResult => ({
  ...{ check, verdict, found, advice },
});
const messageOf = (error: unknown) => (error as Error).message.split('\n')[0] as string;

/** All checks, in the order in which they are told. None of them throws. */
export async function checkAll(options: DoctorOptions): Promise<CheckResult[]> {
  const native = await Promise.all([onnxRuntime(), lmdb(), tensorFlowLite()]);
  return [
    nodeVersion(),
    ...native,
    await gpu(),
    memory(),
    await dataSpace(),
    ...(await ports(options)),
    await redisServer(),
  ];
}

function nodeVersion(): CheckResult {
  const check = 'Node.js';
  const major = Number.parseInt(process.versions.node, 10);
  if (major >= LEAST_NODE) return ok(check, `${process.version}, ${process.platform} ${process.arch}`);
  return bad(check, 'fail', process.version, `install Node.js ${LEAST_NODE} or later`);
}

async function onnxRuntime(): Promise<CheckResult> {
  const check = 'ONNX Runtime';
  try {
    const { env } = await import('onnxruntime-node');
    return ok(check, `${env.versions.node ?? env.versions.common}: models of ONNX, TF and TORCH`);
  } catch (error) {
    return bad(check, 'fail', messageOf(error), reinstall('onnxruntime-node'));
  }
}

async function lmdb(): Promise<CheckResult> {
  const check = 'LMDB';
  try {
    await import('lmdb');
    return ok(check, 'it loads: the data folder');
  } catch (error) {
    return bad(check, 'fail', messageOf(error), reinstall('lmdb'));
  }
}

async function tensorFlowLite(): Promise<CheckResult> {
  const check = 'TensorFlow Lite';
  try {
    const { openLibrary } = await import('../../backends/tflite/native/library.ts');
    return ok(check, `${openLibrary().version}: models of TFLITE`);
  } catch (error) {
    return bad(
      check,
      'warn',
      messageOf(error),
      'nothing: models of TFLITE run in WASM here, which is slower',
    );
  }
}

async function gpu(): Promise<CheckResult> {
  const check = 'GPU';
  const cards = await graphicsCards();
  if (cards.length === 0) return ok(check, 'no NVIDIA card found: models run on the CPU');
  const { listSupportedBackends } = await import('onnxruntime-node');
  const providers = listSupportedBackends().map(({ name }) => name);
  const found = `${cards.join(', ')}; ONNX Runtime knows ${providers.join(', ')}`;
  return bad(
    check,
    'warn',
    found,
    'this version runs models on the CPU only: store them with the device CPU',
  );
}

async function graphicsCards(): Promise<string[]> {
  try {
    const { stdout } = await run('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
      timeout: 5000,
    });
    return stdout.trim().split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function memory(): CheckResult {
  const check = 'memory';
  // Of the control group, where there is one.
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
  const available = process.availableMemory();
  const found = `${formatBytes(available)} of ${formatBytes(total)} available, ${os.availableParallelism()} cores`;
  if (available >= LEAST_FREE_MEMORY) return ok(check, found);
  return bad(
    check,
    'warn',
    found,
    'a node with a few models takes about 300 MiB: end something, or set maxmemory',
  );
}

async function dataSpace(): Promise<CheckResult> {
  const check = 'disk';
  const { bavail, bsize } = await statfs('.');
  const found = `${formatBytes(bavail * bsize)} free in ${process.cwd()}`;
  if (bavail * bsize >= LEAST_DATA_SPACE) return ok(check, found);
  return bad(
    check,
    'warn',
    found,
    'writes are refused while the data folder is full: --data puts it elsewhere',
  );
}

async function ports({ config, host, port }: DoctorOptions): Promise<CheckResult[]> {
  const places: [string, string, number][] = [['serve', host, port]];
  if (config !== undefined) {
    try {
      for (const node of loadClusterConfig(config).nodes) {
        for (const each of [node.port, node['tls-port']]) {
          if (each !== 0) places.push([node.name, hostsOf(node)[0] as string, each]);
        }
      }
    } catch (error) {
      return [bad('cluster file', 'fail', messageOf(error), 'mend that line')];
    }
  }
  return Promise.all(
    places.map(async ([name, at, number]): Promise<CheckResult> => {
      const check = `port of ${name}`;
      const address = formatAddress({ host: at, port: number });
      const reason = await whyTaken(at, number);
      if (reason === undefined) return ok(check, `${address} is free`);
      const advice =
        reason === 'EADDRINUSE'
          ? 'fine if that is Tessera: tessera cluster status -u tells; else choose another port'
          : 'choose another host or port';
      return bad(
        check,
        'warn',
        `${address}: ${reason === 'EADDRINUSE' ? 'something listens there' : reason}`,
        advice,
      );
    }),
  );
}

/** The code of the error, or undefined where one could listen there. */
function whyTaken(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function redisServer(): Promise<CheckResult> {
  const check = 'Redis';
  for (const program of ['valkey-server', 'redis-server']) {
    try {
      const { stdout } = await run(program, ['--version'], { timeout: 5000 });
      return ok(check, `${program} ${/v=(\S+)/.exec(stdout)?.[1] ?? ''}: for the redis engine`);
    } catch {
      // The other one may be there.
    }
  }
  return bad(
    check,
    'warn',
    'neither valkey-server nor redis-server is installed',
    'nothing, unless a cluster of several machines is wanted: the redis engine needs one of them',
  );
}

function reinstall(name: string): string {
  return `npm install --include=optional, without --omit=optional; ${name} has binaries for this system if it is supported`;
}
