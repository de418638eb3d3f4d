import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Float, ScriptDict, type ScriptValue, Tuple } from '../../src/backends/torch/interpreter/values.ts';

const FOLDER = path.join(import.meta.dirname, '../fixtures/torchscript');

type Verdict = 'accepted' | { readonly refused: string; readonly line?: number };

export interface EncodedTensor {
  readonly tensor: readonly number[];
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int64' | 'bool';
}

/** A value of Python, with the types that JSON has not. */
export type Encoded =
  | null
  | boolean
  | number
  | string
  | readonly Encoded[]
  | EncodedTensor
  | { readonly float: string }
  | { readonly tuple: readonly Encoded[] }
  | { readonly dict: readonly (readonly [Encoded, Encoded])[] };

/** A call of a source's last function, and what libtorch makes of it. */
export interface CorpusCall {
  readonly args: readonly Encoded[];
  readonly gives?: Encoded;
  /** The last line of the error. */
  readonly raises?: string;
}

/** A source, with what libtorch says of it. */
export interface CorpusEntry {
  readonly source: string;
  readonly python: Verdict;
  readonly native: Verdict;
  readonly calls: readonly CorpusCall[];
}

/** Reads the sources as generate.py does, and its verdicts. */
export function torchScriptCorpus(): CorpusEntry[] {
  const read = (name: string) => readFileSync(path.join(FOLDER, name), 'utf8');
  const programs = read('programs.txt')
    .split(/^---\n/m)
    .map((block) => block.replace(/^>>> .*\n?/gm, ''));
  let parameters = '';
  const expressions: string[] = [];
  for (const line of read('expressions.txt').split('\n')) {
    if (line.startsWith('# ')) parameters = line.slice(2);
    else if (line !== '') expressions.push(`def f(${parameters}):\n    return ${line}\n`);
  }
  const verdicts = read('verdicts.jsonl').trim().split('\n');
  const sources = [...programs, ...expressions];
  if (sources.length !== verdicts.length)
    throw new Error('verdicts.jsonl is not of these sources: run generate.py');
  return sources.map((source, i) => {
    const { python, native = python, calls = [] } = JSON.parse(verdicts[i] as string);
    return { source, python, native, calls };
  });
}

export function isTensor(value: Encoded): value is EncodedTensor {
  return value !== null && typeof value === 'object' && 'tensor' in value;
}

/** The tensors in a value, in order. */
export function tensorsIn(value: Encoded): EncodedTensor[] {
  if (value === null || typeof value !== 'object') return [];
  if (isTensor(value)) return [value];
  if ('tuple' in value) return value.tuple.flatMap(tensorsIn);
  if ('dict' in value) return value.dict.flatMap(([, item]) => tensorsIn(item));
  return 'float' in value ? [] : (value as readonly Encoded[]).flatMap(tensorsIn);
}

/** A text as libtorch has it: a character for each byte of UTF-8. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** @param tensor makes one; by default there are none. */
export function decoded(value: Encoded, tensor: (of: EncodedTensor) => ScriptValue = noTensor): ScriptValue {
  if (typeof value === 'string') return bytesOf(value);
  if (value === null || typeof value !== 'object') return value;
  if (isTensor(value)) return tensor(value);
  if ('float' in value)
    return new Float(Number(value.float.replace('inf', 'Infinity').replace('nan', 'NaN')));
  const inner = (item: Encoded) => decoded(item, tensor);
  if ('tuple' in value) return new Tuple(value.tuple.map(inner));
  if (!('dict' in value)) return (value as readonly Encoded[]).map(inner);
  const made = new ScriptDict();
  for (const [key, item] of value.dict) made.set(inner(key), inner(item));
  return made;
}

function noTensor(): never {
  throw new Error('a tensor');
}
