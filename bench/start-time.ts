import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Connection } from './connection.ts';
import { processCpuSeconds } from './process-cpu.ts';
import { startNodeOn } from './server.ts';

const USAGE = `npm run bench:start [-- options]     how long a node takes from being started to answering a GET
  --keys N      keys of the large folder (1000000)
  --rounds N    starts of each kind, which alternate (5)
`;

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const [keys, rounds] = [Number(values.keys), Number(values.rounds)];
if (!(keys >= 1 && rounds >= 1)) {
  process.stderr.write(USAGE);
  process.exit(2);
}

const KEYS_A_COMMAND = 1000;
/** Just below the changes at which a second checkpoint would have to wait for the first. */
const LONGEST_LOG = 199_000;
const COMPILED_MODULES = 800;

interface Folder {
  readonly name: string;
  readonly path: string;
  /** A key that is there, and is not among the first that come in. */
  readonly key: string | null;
  readonly seconds: number[];
  readonly cpuSeconds: number[];
}

const root = mkdtempSync(path.join(tmpdir(), 'tessera-start-'));
const folders: Folder[] = [];
try {
  const compiled = await firstStart();
  await folder('first start, nothing compiled', null, async () => {});
  await folder('empty', null, async (at) => cpSync(compiled, at, { recursive: true }));
  await folder(`${keys} keys`, `key:${keys - 1}`, (at) => filled(compiled, at, keys, true));
  await folder(`${LONGEST_LOG} changes in the log`, `key:${LONGEST_LOG - 1}`, (at) =>
    filled(compiled, at, LONGEST_LOG, false),
  );
  for (let round = 0; round < rounds; round++) for (const one of folders) await measure(one);
  for (const { name, seconds, cpuSeconds } of folders) {
    const [wall, cpu] = [seconds, cpuSeconds].map((list) => list.sort((a, b) => a - b));
    const shown = (list: number[] = []) =>
      `${list[0]?.toFixed(2)} ${list[list.length >> 1]?.toFixed(2)} ${list.at(-1)?.toFixed(2)}`;
    console.log(
      `${name.padEnd(34)} s to the answer: ${shown(wall)}   s of CPU: ${shown(cpu)}   (least, median, most)`,
    );
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** @returns a folder that has nothing but compiled modules. */
async function firstStart(): Promise<string> {
  const at = path.join(root, 'compiled');
  const node = await startNodeOn(at);
  const cache = path.join(at, 'compile-cache');
  while (!existsSync(cache) || readdirSync(cache, { recursive: true }).length < COMPILED_MODULES)
    await delay(100);
  await delay(1000);
  await node.stop();
  return at;
}

async function folder(name: string, key: string | null, fill: (at: string) => Promise<void>): Promise<void> {
  const at = path.join(root, String(folders.length));
  await fill(at);
  folders.push({ name, path: at, key, seconds: [], cpuSeconds: [] });
}

async function filled(compiled: string, at: string, count: number, isSaved: boolean): Promise<void> {
  cpSync(compiled, at, { recursive: true });
  const node = await startNodeOn(at);
  const connection = await Connection.connect(node.address);
  for (let i = 0; i < count; i += KEYS_A_COMMAND) {
    const pairs = Array.from({ length: Math.min(KEYS_A_COMMAND, count - i) }, (_, j) => [
      `key:${i + j}`,
      `value of ${i + j}`,
    ]);
    await connection.call('MSET', ...pairs.flat());
  }
  if (isSaved) await connection.call('SAVE');
  connection.close();
  await (isSaved ? node.stop() : node.kill());
}

/** A start of a copy: a start changes what the next one finds. */
async function measure({ path: from, key, seconds, cpuSeconds }: Folder): Promise<void> {
  const at = path.join(root, 'copy');
  if (existsSync(from)) cpSync(from, at, { recursive: true });
  const node = await startNodeOn(at);
  const connection = await Connection.connect(node.address);
  const answer = await connection.call('GET', key ?? 'key');
  seconds.push((performance.now() - node.startedAt) / 1000);
  cpuSeconds.push(processCpuSeconds(node.pid) ?? Number.NaN);
  if ((answer === null) !== (key === null)) throw new Error(`${key} has ${String(answer)}`);
  connection.close();
  await node.kill();
  rmSync(at, { recursive: true });
}
