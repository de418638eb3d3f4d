// Compares archives of torch with torch's own exports of the same networks to ONNX: npm run bench:torch [-- rounds]
// Needs a Python with torch and torchvision, which makes them. Both run in ONNX Runtime on one thread, in turns; figures go to results/.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { distance, type LoadedCase, loadCases, numbersOf } from '../scripts/torch-models/cases.ts';
import { findPython } from '../scripts/torch-models/python.ts';
import type { Backend, Session } from '../src/backends/backend.ts';
import { onnxBackend } from '../src/backends/onnx/onnx-backend.ts';
import { torchBackend } from '../src/backends/torch/torch-backend.ts';
import { concatShared } from '../src/tensors/shared-bytes.ts';

const NETWORKS = ['resnet18', 'squeezenet', 'bert', 'lstm'];
const TURN_MS = 20;
/** A turn that took more than this of its own CPU time was disturbed by other processes, and says nothing. */
const DISTURBED = 1.1;
const WARM_UP_RUNS = 5;
/** What archives may take of the time of an export. */
const ALLOWED = 1.1;
const TOLERANCE = 1e-4;

interface Contender {
  readonly name: string;
  readonly session: Session;
}

async function contender(name: string, backend: Backend, file: string): Promise<Contender> {
  const blob = concatShared([readFileSync(file)]);
  const session = await backend.load(blob, { intraOpParallelism: 1, interOpParallelism: 1 }, null);
  return { name, session };
}

/** Milliseconds of one run: those that passed, and those that this thread worked. */
interface Time {
  readonly wall: number;
  readonly cpu: number;
}

/** As many runs as fit a turn, one at least. */
async function turn({ session }: Contender, { inputs }: LoadedCase): Promise<Time> {
  const [begun, before] = [performance.now(), process.threadCpuUsage()];
  let runs = 0;
  do {
    await session.run(inputs);
    runs++;
  } while (performance.now() - begun < TURN_MS);
  const { user, system } = process.threadCpuUsage(before);
  return { wall: (performance.now() - begun) / runs, cpu: (user + system) / 1000 / runs };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

async function check({ name, session }: Contender, { inputs, outputs }: LoadedCase): Promise<void> {
  const results = await session.run(inputs);
  for (const [i, expected] of outputs.entries()) {
    const actual = results[i];
    const off = actual === undefined ? Number.NaN : distance(numbersOf(actual), numbersOf(expected));
    if (!(off < TOLERANCE)) throw new Error(`${name}: output ${i} is off by ${off}`);
  }
}

async function measure(folder: string, network: string, rounds: number) {
  const own = path.join(folder, network);
  const contenders = [
    await contender('onnx', onnxBackend, path.join(own, 'model.onnx')),
    await contender('scripted', torchBackend, path.join(own, 'model.pt')),
    await contender('traced', torchBackend, path.join(own, 'traced.pt')),
  ];
  const [sample] = loadCases(own);
  if (sample === undefined) throw new Error(`${network} has no case`);
  const times = contenders.map((): Time[] => []);
  for (const one of contenders) {
    await check(one, sample);
    for (let i = 0; i < WARM_UP_RUNS; i++) await one.session.run(sample.inputs);
  }
  const order = contenders.map((_, i) => i);
  for (let round = 0; round < rounds; round++) {
    // Whoever comes first finds the caches as the last one left them.
    for (const i of round % 2 === 0 ? order : order.toReversed()) {
      times[i]?.push(await turn(contenders[i] as Contender, sample));
    }
  }
  for (const { session } of contenders) await session.close();
  const [onnx = [], ...archives] = times;
  const quiet = ({ wall, cpu }: Time) => wall <= DISTURBED * cpu;
  const pairs = (own: readonly Time[]) => own.map((time, i) => [time, onnx[i] as Time] as const);
  return {
    network,
    onnxMs: median(onnx.map(({ wall }) => wall)),
    archives: archives.map((own, i) => {
      const undisturbed = pairs(own).filter((pair) => pair.every(quiet));
      return {
        kind: contenders[i + 1]?.name,
        ms: median(own.map(({ wall }) => wall)),
        undisturbed: undisturbed.length,
        ofOnnx: median(undisturbed.map(([one, other]) => one.wall / other.wall)),
        cpuOfOnnx: median(pairs(own).map(([one, other]) => one.cpu / other.cpu)),
      };
    }),
  };
}

const python = findPython();
if (python === undefined) {
  process.stdout.write('skipped: no Python here has torch and torchvision\n');
} else {
  const rounds = Number(process.argv[2] ?? 100);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'torch-onnx-'));
  try {
    const made = spawnSync(python, [path.join(import.meta.dirname, 'torch-onnx.py'), folder]);
    if (made.status !== 0) throw new Error(made.stderr.toString());
    const rows = [];
    for (const network of NETWORKS) {
      const row = await measure(folder, network, rounds);
      rows.push(row);
      process.stdout.write(`${network}: ONNX ${row.onnxMs.toFixed(3)} ms\n`);
      for (const { kind, ms, undisturbed, ofOnnx, cpuOfOnnx } of row.archives) {
        const ratios = `${ofOnnx.toFixed(3)} of the time (${undisturbed} undisturbed turns), ${cpuOfOnnx.toFixed(3)} of the CPU time`;
        process.stdout.write(`  ${kind}: ${ms.toFixed(3)} ms, ${ratios}\n`);
      }
    }
    const file = path.join(
      import.meta.dirname,
      'results',
      `torch-onnx-${new Date().toISOString().replaceAll(':', '-')}.json`,
    );
    writeFileSync(file, `${JSON.stringify({ cpu: os.cpus()[0]?.model, rounds, rows }, null, 2)}\n`);
    if (rows.some(({ archives }) => archives.some(({ ofOnnx }) => ofOnnx > ALLOWED))) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
