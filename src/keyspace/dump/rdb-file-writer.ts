import { bytesOf } from '../../protocol/latin1.ts';
import type { Snapshot, SnapshotEntry } from '../snapshot.ts';
import { crc64 } from './crc64.ts';
import { AUX, END_OF_FILE, EXPIRY_MS, RDB_MAGIC, RESIZE_DB, SELECT_DB } from './rdb-opcodes.ts';
import { RdbWriter } from './rdb-writer.ts';

/** That of Redis 7.0, so that it and all later ones read the file. */
const VERSION = '0010';
/** Small parts are gathered to chunks of that size. */
const CHUNK_BYTES = 64 * 1024;
/** Larger parts are passed on as they are, in pieces of at most this size. */
const LARGE_BYTES = 16 * 1024;
const PIECE_BYTES = 256 * 1024;
/** How long this may hold up others at a time. */
const SLICE_MS = 3;

/**
 * An RDB file of the snapshot (https://rdb.fnordig.de/file_format.html describes the format), in chunks of at most 256 KiB, made as they are
 * asked for.
 * @param facts what the file says of itself, as names and values.
 */
export async function* rdbFile(
  snapshot: Snapshot,
  facts: Readonly<Record<string, string | number>>,
): AsyncGenerator<Uint8Array> {
  const gathered = new Gathered();
  let checksum = 0n;
  let sliceEnds = performance.now() + SLICE_MS;
  const giveWay = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    sliceEnds = performance.now() + SLICE_MS;
  };
  for (const parts of sections(snapshot, facts)) {
    for (const part of parts) {
      for (const chunk of gathered.add(part)) {
        checksum = crc64([chunk], checksum);
        yield chunk;
        if (performance.now() > sliceEnds) await giveWay();
      }
    }
    if (performance.now() > sliceEnds) await giveWay();
  }
  const last = gathered.take();
  const footer = Buffer.alloc(8);
  footer.writeBigUInt64LE(crc64([last], checksum));
  yield Buffer.concat([last, footer]);
}

function* sections(
  snapshot: Snapshot,
  facts: Readonly<Record<string, string | number>>,
): Generator<readonly Uint8Array[]> {
  yield [Buffer.from(RDB_MAGIC + VERSION)];
  const header = new RdbWriter();
  for (const [name, value] of Object.entries(facts)) {
    header.byte(AUX);
    header.string(Buffer.from(name));
    header.string(Buffer.from(String(value)));
  }
  header.byte(SELECT_DB);
  header.length(0);
  header.byte(RESIZE_DB);
  header.length(snapshot.keys);
  header.length(snapshot.expiring);
  yield header.take();
  for (const entry of snapshot.entries()) yield keyAndValue(entry);
  yield [Buffer.of(END_OF_FILE)];
}

/** The key stands between the value's type and its content. */
function keyAndValue({ key, expiresAt, parts }: SnapshotEntry): readonly Uint8Array[] {
  const [first, ...others] = parts as readonly [Uint8Array, ...Uint8Array[]];
  const head = new RdbWriter();
  if (expiresAt !== undefined) {
    head.byte(EXPIRY_MS);
    head.int64(expiresAt);
  }
  head.byte(first[0] as number);
  head.string(bytesOf(key));
  return [...head.take(), first.subarray(1), ...others];
}

/** Joins small parts, so that not each of them is sent by itself. */
class Gathered {
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #used = 0;

  /** Takes a part and gives what is now complete; large parts by reference. */
  *add(part: Uint8Array): Generator<Uint8Array> {
    if (part.length < LARGE_BYTES) {
      if (this.#used + part.length > CHUNK_BYTES) yield this.take();
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      return;
    }
    if (this.#used > 0) yield this.take();
    for (let from = 0; from < part.length; from += PIECE_BYTES) yield part.subarray(from, from + PIECE_BYTES);
  }

  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#used);
    this.#buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    this.#used = 0;
    return taken;
  }
}
