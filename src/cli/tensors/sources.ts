import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dtype } from '../../tensors/dtype.ts';
import { UsageError } from '../failure.ts';
import { toJson } from '../terminal/output.ts';
import { type ImageOptions, readImage } from './image.ts';
import { readJsonTensor } from './json-tensor.ts';
import { readNpy, writeNpy } from './npy.ts';
import { nested, type TensorValue } from './tensor-value.ts';

export interface SourceOptions extends Omit<ImageOptions, 'dtype'> {
  /** Of JSON that does not say its own, and of images. */
  readonly dtype: Dtype | undefined;
}

/**
 * The tensor that an argument stands for: a file (.npy, .json, an image), `-` for JSON from standard input, or JSON itself.
 * @throws Error that names the file and says what is wrong with it.
 */
export async function readTensor(source: string, options: SourceOptions): Promise<TensorValue> {
  try {
    if (/^\s*[[{]/.test(source)) return readJsonTensor(source, options.dtype);
    if (source === '-') return readJsonTensor(await standardInput(), options.dtype);
    const file = await readFile(source);
    const extension = path.extname(source).toLowerCase();
    if (extension === '.npy') return readNpy(file);
    if (extension === '.json') return readJsonTensor(file.toString('utf8'), options.dtype);
    return await readImage(file, { ...options, dtype: options.dtype ?? 'FLOAT' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const name = source.length > 60 ? `${source.slice(0, 57)}...` : source;
    if (code === 'ENOENT') throw new Error(`there is no file ${name}`);
    throw new Error(`${name}: ${message}`);
  }
}

/** Throws where the name of a file to write does not say how. */
export function checkTarget(file: string): void {
  if (!['.npy', '.json'].includes(path.extname(file).toLowerCase())) {
    throw new UsageError(`${file}: tensors are written as .npy or .json`);
  }
}

export async function writeTensor(file: string, tensor: TensorValue): Promise<void> {
  const isJson = path.extname(file).toLowerCase() === '.json';
  await writeFile(file, isJson ? `${toJson(nested(tensor))}\n` : writeNpy(tensor));
}

async function standardInput(): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
