import { type Command, Option } from 'commander';
import type { Dtype } from '../../tensors/dtype.ts';
import { dtypeArgument, sizeArgument } from '../arguments.ts';
import { UsageError } from '../failure.ts';
import { PIXEL_RANGES, type PixelRange } from '../tensors/image.ts';
import { readTensor } from '../tensors/sources.ts';
import type { TensorValue } from '../tensors/tensor-value.ts';
import type { ModelDescription } from './model-description.ts';

/** How inputs are read from files. */
export interface InputFlags {
  readonly dtype?: Dtype;
  readonly size?: { readonly width: number; readonly height: number };
  readonly gray: boolean;
  readonly layout?: 'nchw' | 'nhwc';
  readonly range: PixelRange;
}

/** What is said of inputs in the help of each command that takes them. */
export const INPUT_HELP = `
Inputs are files (.npy, .json, images), "-" for JSON from standard input, or
JSON itself, in the order of the model's inputs; or NAME=INPUT. JSON is arrays
within arrays, of FLOAT unless --dtype says otherwise, or
{"dtype": "INT64", "shape": [1, 2], "values": [1, 2]}.
`;

export function addInputOptions(command: Command): Command {
  return command
    .option('--dtype <name>', 'of JSON and images: FLOAT, INT64, UINT8, ..', dtypeArgument)
    .option('--size <WxH>', 'images are made this large, such as 224x224', sizeArgument)
    .option('--gray', 'images have one channel', false)
    .addOption(
      new Option('--layout <order>', 'of images, by default nhwc for TF and TFLITE, nchw for others').choices(
        ['nchw', 'nhwc'],
      ),
    )
    .addOption(new Option('--range <range>', 'of pixels').choices(PIXEL_RANGES).default('0..1'));
}

/**
 * The tensors of a model's inputs, in its order.
 * @param sources each an input, or `name=input`.
 * @throws UsageError where they do not fit the model, Error for a file that cannot be read.
 */
export async function readInputs(
  model: Pick<ModelDescription, 'backend' | 'inputs'>,
  sources: readonly string[],
  flags: InputFlags,
): Promise<TensorValue[]> {
  const { inputs, backend } = model;
  if (inputs.length > 0 && sources.length !== inputs.length) {
    throw new UsageError(
      `the model has ${inputs.length} inputs (${inputs.join(', ')}), not ${sources.length}`,
    );
  }
  const isChannelsLast = backend === 'TF' || backend === 'TFLITE';
  const options = {
    ...flags,
    dtype: flags.dtype,
    size: flags.size,
    layout: flags.layout ?? (isChannelsLast ? 'nhwc' : 'nchw'),
  } as const;
  return Promise.all([...placed(sources, inputs).values()].map((source) => readTensor(source, options)));
}

/** Which place each has: what is named has its own, the others fill the rest in their order. */
export function placed(sources: readonly string[], names: readonly string[]): Map<number, string> {
  const found = new Map<number, string>();
  const others: string[] = [];
  for (const source of sources) {
    const at = names.findIndex((name) => source.startsWith(`${name}=`));
    if (at < 0) others.push(source);
    else if (found.has(at)) throw new UsageError(`${names[at]} is given twice`);
    else found.set(at, source.slice((names[at] as string).length + 1));
  }
  for (let at = 0; others.length > 0; at++) {
    if (!found.has(at)) found.set(at, others.shift() as string);
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}
