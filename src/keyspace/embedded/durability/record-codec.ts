import { crc32 } from 'node:zlib';
import { bytesOf, latin1 } from '../../../protocol/latin1.ts';
import { FormatError } from '../../dump/format-error.ts';
import { liveValue } from '../../dump/live-value.ts';
import { RdbReader } from '../../dump/rdb-reader.ts';
import { RdbWriter } from '../../dump/rdb-writer.ts';
import { decodeValue, encodeValue } from '../../dump/value-codec.ts';
import { type KeyName, type StoredValue, TYPE_NAMES, type ValueType } from '../../keyspace.ts';
import type { SnapshotEntry } from '../../snapshot.ts';
import type { Operation } from '../../values/mutable-value.ts';
import type { OnDisk } from '../embedded-keyspace.ts';

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
  | { readonly kind: 'clear' }
  /** Of the node itself; undefined where it is as if it had never been set. */
  | { readonly kind: 'setting'; readonly name: string; readonly value: Uint8Array | undefined };

/** What LMDB has under a key: its value, or that the value is large and lies apart. */
export type StoredRecord = {
  readonly sequence: number;
  readonly key: KeyName;
  readonly expiresAt: number | undefined;
  readonly value: StoredValue | OnDisk;
};

const CHECKSUM_BYTES = 4;
const KINDS = ['put', 'operations', 'expiry', 'delete', 'clear', 'onDisk', 'setting'] as const;
/** How an argument of an operation is written. */
const TEXT = 0;
const NUMBER = 1;
const BYTES = 2;

/** Writes a change with its number: changes are numbered in order, so that one that a stored value already contains is known. */
export function encodeChange(sequence: number, change: Change): readonly Uint8Array[] {
  const out = begin(change.kind, sequence);
  if (change.kind === 'clear') return out.take();
  if (change.kind === 'setting') {
    out.string(bytesOf(change.name));
    out.byte(change.value === undefined ? 0 : 1);
    if (change.value !== undefined) out.string(change.value);
    return out.take();
  }
  out.string(bytesOf(change.key));
  if (change.kind === 'put') {
    writeExpiry(out, change.expiresAt);
    encodeValue(out, change.value);
  } else if (change.kind === 'expiry') writeExpiry(out, change.expiresAt);
  else if (change.kind === 'operations') writeOperations(out, change.operations);
  return out.take();
}

/** The number that a change was written with. */
export function sequenceOf(bytes: Uint8Array): number {
  return new ChangeReader(new RdbReader(bytes)).sequence;
}

/** A change that was written: what it is and of which key is at hand at once, the rest is read on demand. */
export class ChangeReader {
  readonly kind: (typeof KINDS)[number];
  readonly sequence: number;
  /** The key; of a setting its name, of the removal of all keys nothing. */
  readonly key: string;
  readonly #from: RdbReader;

  /** @param from stands where the change begins. @throws FormatError where the bytes are no change. */
  constructor(from: RdbReader) {
    this.#from = from;
    const kind = KINDS[from.byte()];
    if (kind === undefined) throw new FormatError('unknown kind of change');
    this.kind = kind;
    this.sequence = from.length();
    this.key = kind === 'clear' ? '' : from.text();
  }

  /** To be called once. @throws FormatError where the bytes are no change. */
  read(): Change {
    const { kind, key } = this;
    const from = this.#from;
    switch (kind) {
      case 'put':
        return { kind, key, expiresAt: readExpiry(from), value: readValue(from) };
      case 'expiry':
        return { kind, key, expiresAt: readExpiry(from) };
      case 'operations':
        return { kind, key, operations: readOperations(from) };
      case 'delete':
        return { kind, key };
      case 'clear':
        return { kind };
      case 'setting':
        return {
          kind,
          name: key,
          value: from.byte() === 0 ? undefined : Uint8Array.from(from.string()),
        };
      default:
        throw new FormatError('unknown kind of change');
    }
  }
}

/** The record of a value that lies in it. @param body as `encodeBody` writes it */
export function encodeRecord(
  sequence: number,
  key: KeyName,
  expiresAt: number | undefined,
  body: readonly Uint8Array[],
): Buffer {
  const out = begin('put', sequence);
  out.string(bytesOf(key));
  writeExpiry(out, expiresAt);
  return withChecksum([...out.take(), ...body]);
}

/** The record of a value that lies apart. */
export function encodeOnDisk(
  sequence: number,
  key: KeyName,
  expiresAt: number | undefined,
  type: ValueType,
): Buffer {
  const out = begin('onDisk', sequence);
  out.string(bytesOf(key));
  writeExpiry(out, expiresAt);
  out.string(bytesOf(type));
  return withChecksum(out.take());
}

/** @throws FormatError where the bytes are no record. */
export function decodeRecord(bytes: Buffer): StoredRecord {
  const from = new RdbReader(checked(bytes));
  const kind = KINDS[from.byte()];
  const sequence = from.length();
  const key = from.text();
  const expiresAt = readExpiry(from);
  if (kind === 'put') return { sequence, key, expiresAt, value: readValue(from) };
  if (kind !== 'onDisk') throw new FormatError('it holds something that is no value');
  const type = from.text();
  if (!(type in TYPE_NAMES)) throw new FormatError('unknown type of value');
  return { sequence, key, expiresAt, value: { type: 'onDisk', of: type as ValueType } };
}

export function encodeBody(value: StoredValue): readonly Uint8Array[] {
  const out = new RdbWriter();
  encodeValue(out, value);
  return out.take();
}

/** @throws FormatError where the bytes are no value. */
export function decodeBody(bytes: Buffer): StoredValue {
  return readValue(new RdbReader(checked(bytes)));
}

function begin(kind: (typeof KINDS)[number], sequence: number): RdbWriter {
  const out = new RdbWriter();
  out.byte(KINDS.indexOf(kind));
  out.length(sequence);
  return out;
}

/**
 * What a record says, without reading its value.
 * @param large asked for the value of one that lies apart. @throws FormatError where the bytes are no record.
 */
export function splitRecord(bytes: Buffer, large: () => Buffer | undefined): SnapshotEntry {
  const from = new RdbReader(checked(bytes));
  const kind = KINDS[from.byte()];
  from.length();
  const key = from.text();
  const expiresAt = readExpiry(from);
  if (kind !== 'put' && kind !== 'onDisk') throw new FormatError('it holds something that is no value');
  if (kind === 'put') return { key, expiresAt, parts: [from.raw(from.left)] };
  const body = large();
  if (body === undefined) throw new FormatError('a large value is missing');
  return { key, expiresAt, parts: [checked(body)] };
}

/** Bytes as the database has them: the disk may give back others than it was given, which LMDB does not notice. */
export function withChecksum(parts: readonly Uint8Array[]): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(parts.reduce((sum, part) => crc32(part, sum), 0));
  return Buffer.concat([checksum, ...parts]);
}

/** @throws FormatError where they are not what was written. */
function checked(bytes: Buffer): Buffer {
  const content = bytes.subarray(CHECKSUM_BYTES);
  if (bytes.length < CHECKSUM_BYTES || crc32(content) !== bytes.readUInt32LE()) {
    throw new FormatError('its checksum is wrong');
  }
  return content;
}

function readValue(from: RdbReader): StoredValue {
  return liveValue(decodeValue(from));
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
    const name = from.text();
    const args = Array.from({ length: from.byte() }, () => {
      const type = from.byte();
      if (type === NUMBER) return from.double();
      const bytes = from.string();
      return type === TEXT ? latin1(bytes) : Uint8Array.from(bytes);
    });
    return [name, ...args] as const;
  });
}
