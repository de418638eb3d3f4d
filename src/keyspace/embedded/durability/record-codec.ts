import { nextModelId } from '../../../backends/model-id.ts';
import { bytesOf, latin1 } from '../../../protocol/latin1.ts';
import { FormatError } from '../../dump/format-error.ts';
import { RdbReader } from '../../dump/rdb-reader.ts';
import { RdbWriter } from '../../dump/rdb-writer.ts';
import { decodeValue, encodeValue } from '../../dump/value-codec.ts';
import type { KeyName, StoredValue } from '../../keyspace.ts';
import type { SnapshotEntry } from '../../snapshot.ts';
import type { Operation } from '../../values/mutable-value.ts';

/** What happened to a key, or to all. */
export type Change =
  | {
      readonly kind: 'put';
      readonly key: KeyName;
      readonly expiresAt: number | undefined;
      readonly value: StoredValue;
    }
  | { readonly kind: 'operations'; readonly key: KeyName; readonly operations: readonly Operation[] }
  | { readonly kind: 'expiry'; readonly key: KeyName; readonly expiresAt: number | undefined }
  | { readonly kind: 'delete'; readonly key: KeyName }
  | { readonly kind: 'clear' };

const KINDS = ['put', 'operations', 'expiry', 'delete', 'clear'] as const;
/** How an argument of an operation is written. */
const TEXT = 0;
const NUMBER = 1;
const BYTES = 2;

/** Writes a change with its number: changes are numbered in order, so that one that a stored value already contains is known. */
export function encodeChange(sequence: number, change: Change): readonly Uint8Array[] {
  const out = new RdbWriter();
  out.byte(KINDS.indexOf(change.kind));
  out.length(sequence);
  if (change.kind === 'clear') return out.take();
  out.string(bytesOf(change.key));
  if (change.kind === 'put') {
    writeExpiry(out, change.expiresAt);
    encodeValue(out, change.value);
  } else if (change.kind === 'expiry') writeExpiry(out, change.expiresAt);
  else if (change.kind === 'operations') writeOperations(out, change.operations);
  return out.take();
}

/** @throws FormatError where the bytes are no change. */
export function decodeChange(bytes: Uint8Array): { sequence: number; change: Change } {
  const from = new RdbReader(bytes);
  const kind = KINDS[from.byte()];
  const sequence = from.length();
  if (kind === 'clear') return { sequence, change: { kind } };
  const key = latin1(from.string());
  switch (kind) {
    case 'put':
      return { sequence, change: { kind, key, expiresAt: readExpiry(from), value: readValue(from) } };
    case 'expiry':
      return { sequence, change: { kind, key, expiresAt: readExpiry(from) } };
    case 'operations':
      return { sequence, change: { kind, key, operations: readOperations(from) } };
    case 'delete':
      return { sequence, change: { kind, key } };
    default:
      throw new Error('unknown kind of change');
  }
}

/** What a written put says, its value as `encodeValue` wrote it. @throws FormatError where the bytes are no change. */
export function splitPut(bytes: Uint8Array): SnapshotEntry {
  const from = new RdbReader(bytes);
  if (KINDS[from.byte()] !== 'put') throw new FormatError('the database holds something that is no value');
  from.length();
  const key = latin1(from.string());
  return { key, expiresAt: readExpiry(from), parts: [from.raw(from.left)] };
}

/** A value read back. A model gets an id of its own, and a session when it is first used. */
function readValue(from: RdbReader): StoredValue {
  const dumped = decodeValue(from);
  const statistics = { durationUs: 0, samples: 0, calls: 0, errors: 0 };
  if (dumped.type === 'model')
    return { type: 'model', model: { ...dumped.model, id: nextModelId(), statistics } };
  if (dumped.type === 'script')
    return { type: 'script', script: { ...dumped.script, id: nextModelId(), statistics } };
  return dumped;
}

/** Unix time in ms; 0 stands for none. */
function writeExpiry(out: RdbWriter, expiresAt: number | undefined): void {
  out.double(expiresAt ?? 0);
}

function readExpiry(from: RdbReader): number | undefined {
  const at = from.double();
  return at === 0 ? undefined : at;
}

function writeOperations(out: RdbWriter, operations: readonly Operation[]): void {
  out.length(operations.length);
  for (const [name, ...args] of operations) {
    out.string(bytesOf(name));
    out.byte(args.length);
    for (const arg of args) {
      if (typeof arg === 'string') {
        out.byte(TEXT);
        out.string(bytesOf(arg));
      } else if (typeof arg === 'number') {
        out.byte(NUMBER);
        out.double(arg);
      } else {
        out.byte(BYTES);
        out.string(arg);
      }
    }
  }
}

function readOperations(from: RdbReader): Operation[] {
  return Array.from({ length: from.count() }, () => {
    const name = latin1(from.string());
    const args = Array.from({ length: from.byte() }, () => {
      const type = from.byte();
      if (type === NUMBER) return from.double();
      const bytes = from.string();
      return type === TEXT ? latin1(bytes) : Uint8Array.from(bytes);
    });
    return [name, ...args] as const;
  });
}
