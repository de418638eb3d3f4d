// Runs networks of torchvision, and others written in plain torch, in libtorch and in the TORCH backend, and compares: npm run test:torch-models.
// Needs a Python with torch and torchvision; the weights are random. With --write the tables of the groups that were run go to
// docs/backends/torch-models.md.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Session } from '../src/backends/backend.ts';
import { torchBackend } from '../src/backends/torch/torch-backend.ts';
import { concatShared } from '../src/tensors/shared-bytes.ts';
import { distance, loadCases, numbersOf } from './torch-models/cases.ts';
import { modelsPage, type Outcome } from './torch-models/page.ts';
import { findPython } from './torch-models/python.ts';

/** Of the largest output: what sums in another order may differ by in a deep network. */
const TOLERANCE = 1e-4;
/** Of detectors: a hundred layers and the exponents of boxes are behind each other. */
const LOOSE = 1e-3;
const KINDS = ['traced', 'scripted'] as const;
const PAGE = path.join(import.meta.dirname, '../docs/backends/torch-models.md');
const SCRIPT = path.join(import.meta.dirname, 'torch-models/export.py');

interface Listing {
  readonly torch: string;
  readonly torchvision: string;
  /** By group. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

interface Exported {
  readonly parameters: number;
  /** Whether libtorch's outputs differ where the inputs do. */
  readonly follows: boolean;
}

const { values: options } = parseArgs({
  options: {
    group: { type: 'string', multiple: true, default: [] },
    model: { type: 'string', multiple: true, default: [] },
    kind: { type: 'string', multiple: true, default: [...KINDS] },
    write: { type: 'boolean', default: false },
    stacks: { type: 'boolean', default: false },
  },
});

if (options.write && options.model.length > 0) throw new Error('--write takes whole groups');
const python = findPython();
if (python === undefined) process.stdout.write('skipped: no Python here has torch and torchvision\n');
else await main(python);

async function main(command: string): Promise<void> {
  const listed = spawnSync(command, [SCRIPT, '--list', ...options.group]);
  if (listed.status !== 0) throw new Error(listed.stderr.toString());
  const listing = JSON.parse(listed.stdout.toString()) as Listing;
  const folder = mkdtempSync(path.join(tmpdir(), 'torch-models-'));
  const exporter = spawn(command, [SCRIPT, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(exporter.stdout)[Symbol.asyncIterator]();
  const outcomes: Outcome[] = [];
  try {
    for (const [group, names] of Object.entries(listing.names)) {
      for (const name of names.filter((one) => options.model.length === 0 || options.model.includes(one))) {
        for (const kind of options.kind) {
          exporter.stdin.write(`${name} ${kind}\n`);
          const answer = await answers.next();
          if (answer.done) throw new Error(`Python ended with ${name}`);
          const exported = JSON.parse(answer.value) as Exported | { readonly error: string };
          const own = path.join(folder, `${name}_${kind}`);
          const result =
            'error' in exported
              ? { refused: exported.error }
              : await compared(own, exported, group === 'detection' ? LOOSE : TOLERANCE);
          rmSync(own, { recursive: true, force: true });
          outcomes.push({ group, name, kind, ...result });
          process.stdout.write(`${line({ group, name, kind, ...result })}\n`);
        }
      }
      if (options.write) write(listing, outcomes);
    }
  } finally {
    exporter.stdin.end();
    rmSync(folder, { recursive: true, force: true });
  }
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  process.stdout.write(`${outcomes.length} archives, ${failed.length} failed\n`);
  if (failed.length > 0) process.exitCode = 1;
}

function write(listing: Listing, outcomes: readonly Outcome[]): void {
  const previous = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '';
  writeFileSync(PAGE, modelsPage(listing, outcomes, previous));
}

async function compared(
  folder: string,
  exported: Exported,
  tolerance: number,
): Promise<Omit<Outcome, 'group' | 'name' | 'kind'>> {
  const common = { parameters: exported.parameters, follows: exported.follows };
  let session: Session | undefined;
  try {
    const blob = concatShared([readFileSync(path.join(folder, 'model.pt'))]);
    const threads = { intraOpParallelism: 1, interOpParallelism: 1 };
    session = await torchBackend.load(blob, threads, null);
    let error = 0;
    for (const { inputs, outputs } of loadCases(folder)) {
      const results = await session.run(inputs);
      if (results.length !== outputs.length)
        throw new Error(`${results.length} outputs of ${outputs.length}`);
      for (const [i, expected] of outputs.entries()) {
        const actual = results[i] as (typeof results)[number];
        const [is, has] = [expected, actual].map(({ dtype, shape }) => `${dtype}[${shape.join()}]`);
        if (is !== has) throw new Error(`output ${i} is ${has} where libtorch gives ${is}`);
        const off = distance(numbersOf(actual), numbersOf(expected));
        error = Number.isNaN(off) ? off : Math.max(error, off);
      }
    }
    const failure = error < tolerance ? undefined : `differs by ${error.toExponential(1)}`;
    return { ...common, error, failure };
  } catch (problem) {
    if (options.stacks) process.stdout.write(`${(problem as Error).stack}\n`);
    return { ...common, failure: (problem as Error).message.slice(0, 400) };
  } finally {
    await session?.close();
  }
}

function line({ group, name, kind, error, failure, refused, follows }: Outcome): string {
  const verdict = refused !== undefined ? `torch itself: ${refused}` : (failure ?? error?.toExponential(1));
  return `${failure === undefined ? 'ok  ' : 'FAIL'} ${group} ${name} ${kind}: ${verdict}${follows === false ? ' (outputs hardly follow the inputs)' : ''}`;
}
