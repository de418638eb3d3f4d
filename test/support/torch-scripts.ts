import { expect } from 'vitest';
import type { RespClient } from './resp-client.ts';

/** An entry point with this body. */
export function entryPoint(name: string, ...lines: string[]): string {
  const body = lines.map((line) => `    ${line}\n`).join('');
  return `def ${name}(tensors: List[Tensor], keys: List[str], args: List[str]):\n${body}\n`;
}

/** Stores a script of one entry point `f` with this body. */
export async function storeFunction(client: RespClient, key: string, ...lines: string[]): Promise<void> {
  const source = entryPoint('f', ...lines);
  expect(await client.send('AI.SCRIPTSTORE', key, 'CPU', 'ENTRY_POINTS', 1, 'f', 'SOURCE', source)).toBe(
    'OK',
  );
}

export interface Given {
  readonly keys?: readonly string[];
  readonly inputs?: readonly string[];
  readonly args?: readonly (string | Uint8Array)[];
  readonly outputs?: readonly string[];
}

/** The command that calls `f` of a script. */
export function callOf(
  key: string,
  { keys = [], inputs = [], args = [], outputs = [] }: Given = {},
): (string | number | Uint8Array)[] {
  const scope = (name: string, values: readonly (string | Uint8Array)[]) =>
    values.length === 0 && name !== 'INPUTS' ? [] : [name, values.length, ...values];
  return [
    ...['AI.SCRIPTEXECUTE', key, 'f', ...scope('INPUTS', inputs), ...scope('KEYS', keys)],
    ...[...scope('ARGS', args), ...scope('OUTPUTS', outputs)],
  ];
}
