import type { Command } from 'commander';
import { collect, whole } from '../arguments.ts';
import { addConnectionOptions, type ConnectionFlags } from '../connection/options.ts';
import { withClient } from '../connection/with-client.ts';
import { UsageError } from '../failure.ts';
import { describeModel } from '../models/model-description.ts';
import { addInputOptions, INPUT_HELP, type InputFlags, placed, readInputs } from '../models/model-inputs.ts';
import { outputsOf, runRequest } from '../models/run-request.ts';
import { checkTarget, writeTensor } from '../tensors/sources.ts';
import { nested, tensorText } from '../tensors/tensor-value.ts';
import { note, type OutputFlags, print } from '../terminal/output.ts';
import { styled } from '../terminal/text.ts';

interface RunFlags extends ConnectionFlags, OutputFlags, InputFlags {
  readonly out: readonly string[];
  readonly outputs?: number;
  readonly timeout?: number;
}

export function addRun(program: Command): void {
  const run = program
    .command('run')
    .description('runs a model on tensors and prints what comes out')
    .argument('<key>', 'of the model')
    .argument('<input...>', 'see below')
    .option(
      '-o, --out <file>',
      'write an output to a .npy or .json file, in the order of the outputs or as NAME=FILE',
      collect,
      [],
    )
    .option('--outputs <n>', 'how many, for models that do not name theirs (1)', whole(1, 1024))
    .option('--timeout <ms>', 'the longest time in the queue', whole(1))
    .option('--json', 'print JSON', false);
  addConnectionOptions(addInputOptions(run))
    .addHelpText(
      'after',
      `${INPUT_HELP}
Nothing is stored: neither the inputs nor the outputs.

Examples:
  $ tessera run iris '[[5.1, 3.5, 1.4, 0.2]]'
  $ tessera run mnist digit.png --size 28x28 --gray
  $ tessera run resnet cat.jpg --size 224x224 --range imagenet --out scores.npy
  $ tessera run bert ids=ids.npy mask=mask.npy --json
`,
    )
    .action(runModel);
}

async function runModel(key: string, sources: string[], flags: RunFlags): Promise<void> {
  await withClient(flags, async (client) => {
    const model = await describeModel(await client.owner(key), key);
    const names = outputNames(model.outputs, flags.outputs);
    const files = targets(flags.out, names);
    const inputs = await readInputs(model, sources, flags);
    const reply = await client.demand(...runRequest(key, inputs, names.length, flags.timeout));
    const outputs = outputsOf(reply, names.length);
    for (const [i, file] of files) {
      const tensor = outputs[i];
      if (tensor === undefined) continue;
      await writeTensor(file, tensor);
      note(`wrote ${names[i]} to ${file}`);
    }
    if (files.size > 0 && !flags.json) return;
    const results = outputs.map((tensor, i) => ({ name: names[i] as string, tensor }));
    print(
      flags,
      results.map(({ name, tensor }) => ({
        name,
        dtype: tensor.dtype,
        shape: tensor.shape,
        values: nested(tensor),
      })),
      () =>
        results.flatMap(({ name, tensor }) => [
          `${styled('bold', name)} ${tensor.dtype} [${tensor.shape.join(', ')}]`,
          tensorText(tensor),
        ]),
      true,
    );
  });
}

function outputNames(known: readonly string[], count: number | undefined): readonly string[] {
  if (known.length === 0) return Array.from({ length: count ?? 1 }, (_, i) => `output ${i}`);
  if (count !== undefined && count !== known.length) {
    throw new UsageError(`the model has ${known.length} outputs (${known.join(', ')}), not ${count}`);
  }
  return known;
}

/** The files of the outputs by their place. */
function targets(out: readonly string[], names: readonly string[]): Map<number, string> {
  if (out.length > names.length) throw new UsageError(`${out.length} files for ${names.length} outputs`);
  const files = placed(out, names);
  for (const file of files.values()) checkTarget(file);
  return files;
}
