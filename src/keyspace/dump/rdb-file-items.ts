import { FormatError } from './format-error.ts';
import { MODULE_TYPE, moduleName } from './module-format.ts';
import type { RdbFileReader } from './rdb-file-reader.ts';
import * as opcodes from './rdb-opcodes.ts';
import { isOwnModule } from './value-codec.ts';
import { skipModuleContent, skipValue, typeName } from './value-extent.ts';

/** The first version with a checksum; the newest whose values are all known. */
const OLDEST_VERSION = 5;
const NEWEST_VERSION = 11;
const VERSION_DIGITS = 4;
const CHECKSUM_BYTES = 8;
/** Types that no command here works with. */
const UNKNOWN = new Set(['stream', 'zipmap']);

export interface KeyItem {
  readonly kind: 'key';
  readonly database: number;
  readonly key: Uint8Array;
  /** Unix time in ms. */
  readonly expiresAt: number | undefined;
  /** RDB's type byte. */
  readonly type: number;
  /** What it is, such as `list`; of a module that is not known here the name of its type. */
  readonly typeName: string;
  /** Whether RESTORE takes such values here. */
  readonly isKnown: boolean;
  /** Where the value's content lies in the file. */
  readonly from: number;
  readonly to: number;
}

/** What an RDB file holds, piece by piece. */
export type FileItem =
  | KeyItem
  | { readonly kind: 'fact'; readonly name: string; readonly value: string }
  | { readonly kind: 'function' }
  | { readonly kind: 'module data'; readonly typeName: string };

/** How an RDB file begins. @throws FormatError where it is none, or of a version that is not known here. */
export function readVersion(from: RdbFileReader): number {
  const { RDB_MAGIC } = opcodes;
  if (from.left < RDB_MAGIC.length + VERSION_DIGITS || text(from, RDB_MAGIC.length) !== RDB_MAGIC) {
    throw new FormatError('it is no RDB file');
  }
  const digits = text(from, VERSION_DIGITS);
  const version = /^\d{4}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(version >= OLDEST_VERSION && version <= NEWEST_VERSION)) {
    throw new FormatError(`it is of RDB version ${digits}, not ${OLDEST_VERSION} to ${NEWEST_VERSION}`);
  }
  return version;
}

/** All items behind the version, up to the mark of the file's end. @throws FormatError where the file is damaged. */
export function* fileItems(from: RdbFileReader): Generator<FileItem> {
  let database = 0;
  let expiresAt: number | undefined;
  for (;;) {
    const opcode = from.byte();
    switch (opcode) {
      case opcodes.END_OF_FILE:
        return;
      case opcodes.SELECT_DB:
        database = from.length();
        break;
      case opcodes.RESIZE_DB:
        from.length();
        from.length();
        break;
      case opcodes.SLOT:
        for (let i = 0; i < 3; i++) from.length();
        break;
      case opcodes.AUX:
        yield { kind: 'fact', name: stringText(from), value: stringText(from) };
        break;
      case opcodes.EXPIRY_MS:
        expiresAt = Number(from.raw(8).readBigInt64LE());
        break;
      case opcodes.EXPIRY_SECONDS:
        expiresAt = from.raw(4).readInt32LE() * 1000;
        break;
      case opcodes.IDLE:
        from.length();
        break;
      case opcodes.FREQ:
        from.skip(1);
        break;
      case opcodes.FUNCTION:
        from.skipString();
        yield { kind: 'function' };
        break;
      case opcodes.MODULE_AUX: {
        const id = from.long();
        skipModuleContent(from);
        yield { kind: 'module data', typeName: moduleName(id) };
        break;
      }
      default: {
        const key = from.string();
        yield { kind: 'key', database, key, expiresAt, ...value(from, opcode) };
        expiresAt = undefined;
      }
    }
  }
}

/**
 * Checks what stands behind the mark of the end.
 * @returns the checksum; 0 where the file was written without.
 * @throws FormatError where the checksum is wrong, or more comes behind it.
 */
export function readChecksum(from: RdbFileReader): bigint {
  const { checksum } = from;
  const stored = from.raw(CHECKSUM_BYTES).readBigUInt64LE();
  if (stored !== 0n && stored !== checksum) {
    throw new FormatError(`its checksum is wrong: ${hex(stored)}, computed ${hex(checksum)}`);
  }
  if (from.left > 0) throw new FormatError(`it goes on for ${from.left} bytes behind its end`);
  return stored;
}

/** A checksum as people see it. */
export function hex(checksum: bigint): string {
  return checksum.toString(16).padStart(2 * CHECKSUM_BYTES, '0');
}

function value(
  from: RdbFileReader,
  type: number,
): Pick<KeyItem, 'type' | 'typeName' | 'isKnown' | 'from' | 'to'> {
  const start = from.position;
  if (type === MODULE_TYPE) {
    const id = from.long();
    skipModuleContent(from);
    return { type, typeName: moduleName(id), isKnown: isOwnModule(id), from: start, to: from.position };
  }
  const name = typeName(type);
  skipValue(from, type);
  return { type, typeName: name, isKnown: !UNKNOWN.has(name), from: start, to: from.position };
}

function text(from: RdbFileReader, length: number): string {
  return from.raw(length).toString('latin1');
}

function stringText(from: RdbFileReader): string {
  return Buffer.from(from.string()).toString('utf8');
}
