import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { readFully } from './read-fully.ts';

/**
 * How the LMDB of the `lmdb` package lays out a file (dependencies/lmdb/libraries/liblmdb/mdb.c there), numbers little-endian:
 * ```
 *  page:  number u64 | transaction u64 | - u16 | flags u16 | lower u16, upper u16 or, of an overflow page, pages u32 | ..
 *         .. places of nodes u16.., counted from behind this header
 *  node:  low u16, high u16: bytes of the value, in a branch the page below | flags u16 | bytes of the key u16 | key | value
 *  value: itself, or first overflow page u64 | transaction u64 | pages u64, or a tree
 *         of a free list: transaction u64 as key; how many follow u64 | pages i64..: 0 for none, or -n before the first of n in a row
 *  tree:  page size in the first one u32 | flags u16 | depth u16 | pages 3 u64 | entries u64 | root u64
 *  meta:  magic u32 | version u32 | address u64 | map size u64 | tree of free pages | tree of databases | last page u64 | transaction u64 | boot i64
 * ```
 * Metas are behind the headers of the first two pages; a third one, of what is on the disk for sure, is in the middle of the first.
 */
const PAGE_HEADER = 24;
const NODE_HEADER = 8;
/** Of what stands for a value that lies on pages of its own. */
const BIG_VALUE_BYTES = 24;
const MAGIC = 0xbeefc0de;
const META_BYTES = 144;
const TREE_BYTES = 48;
const FREE_TREE = 24;
const MAIN_TREE = FREE_TREE + TREE_BYTES;

const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;
const BIG_VALUE = 0x01;
const TREE_VALUE = 0x02;
const OVERLAPPING_SYNC = 0x1000;

const FREE_NUMBER_BYTES = 8;
/** Pages at the beginning that are in no tree. */
const METAS = 2n;
/** At the end of the file pages may be free that were never written. */
const MOST_UNWRITTEN_PAGES = 4096;
const NO_PAGE = 2n ** 64n - 1n;
const SMALLEST_PAGE = 256;
const LARGEST_PAGE = 65_536;
const DEEPEST_TREE = 32;
const CACHED_BYTES = 64 * 1024 * 1024;

interface Tree {
  readonly root: bigint;
  readonly depth: number;
  readonly entries: number;
}

interface Meta {
  readonly pageSize: number;
  readonly flags: number;
  readonly free: Tree;
  readonly main: Tree;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly boot: bigint;
}

/** A page of a tree, and where its nodes are in it. */
interface Nodes {
  readonly page: Buffer;
  readonly places: readonly number[];
}

/** Pages that are in a tree or free, each only once: of two owners one would write over the other's. */
class PageNumbers {
  readonly #last: bigint;
  readonly #seen = new Set<bigint>();

  constructor(last: bigint) {
    this.#last = last;
  }

  /** @throws Error where one of them cannot be. */
  add(first: bigint, count: bigint): void {
    if (first < METAS || count < 1n || first + count - 1n > this.#last) {
      throw new Error(`there is no page ${first} of ${count} in a row`);
    }
    for (let number = first; number < first + count; number++) {
      if (this.#seen.has(number)) throw new Error(`page ${number} is there twice`);
      this.#seen.add(number);
    }
  }
}

export interface LmdbEntry {
  readonly key: Buffer;
  /** @throws Error where it is damaged. */
  value(): Buffer;
}

/**
 * Reads a database of LMDB as a file, believing nothing that it says: LMDB itself takes pages for what they claim to be, so that a damaged one
 * ends the process.
 */
export class LmdbFile {
  readonly #path: string;
  readonly #file: number;
  readonly #size: number;
  readonly #meta: Meta | null;
  /** The beginning of the file: most files are no larger. */
  readonly #start: Buffer;

  /** @throws the system's error. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    this.#size = fstatSync(this.#file).size;
    this.#start = Buffer.allocUnsafeSlow(Math.min(this.#size, CACHED_BYTES));
    readFully(this.#file, this.#start, 0);
    this.#meta = this.#chooseMeta();
  }

  /** What is wrong with the file's structure, the first such thing; null where nothing is. What values are is not looked at. */
  damage(): string | null {
    // One that was never written to.
    if (this.#size === 0) return null;
    if (this.#meta === null) return `${this.#path} is no LMDB database`;
    try {
      const { free, main, lastPage, pageSize } = this.#meta;
      for (const number of [0, 1]) this.#checkMeta(number, pageSize);
      const pages = new PageNumbers(lastPage);
      if (lastPage > BigInt(2 * Math.ceil(this.#size / pageSize) + MOST_UNWRITTEN_PAGES)) {
        throw new Error(`its last page is ${lastPage}`);
      }
      this.#check(free, pages);
      for (const tree of this.#check(main, pages)) this.#check(tree, pages);
      this.#checkFree(free, pages);
      return null;
    } catch (error) {
      return `${this.#path}: ${(error as Error).message}`;
    }
  }

  /** The entries of a database by its name, in order, but for those that cannot be reached. */
  *entries(name: string): Generator<LmdbEntry> {
    const tree = this.#tree(name);
    for (const { page, places } of tree === undefined ? [] : this.#leaves(tree, () => {})) {
      for (const at of places) yield { key: keyOf(page, at), value: () => this.#value(page, at) };
    }
  }

  /** How many entries a database says it has. */
  count(name: string): number {
    return this.#tree(name)?.entries ?? 0;
  }

  close(): void {
    closeSync(this.#file);
  }

  #tree(name: string): Tree | undefined {
    if (this.#meta === null) return undefined;
    for (const { page, places } of this.#leaves(this.#meta.main, () => {})) {
      for (const at of places) {
        const isTree = (flagsOf(page, at) & TREE_VALUE) !== 0;
        if (!isTree || keyOf(page, at).toString('latin1').replace(/\0$/, '') !== name) continue;
        try {
          return treeAt(this.#value(page, at), 0);
        } catch {
          return undefined;
        }
      }
    }
    return undefined;
  }

  /** LMDB believes either of the two, whichever is right. @throws Error where one cannot be. */
  #checkMeta(number: number, pageSize: number): void {
    const page = this.#page(BigInt(number), 1);
    const isMeta = (page.readUInt16LE(18) & META) !== 0;
    if (!isMeta || this.#metaAt(number * pageSize)?.pageSize !== pageSize) {
      throw new Error(`page ${number} does not say where the trees are`);
    }
  }

  /** LMDB writes to the pages that the list has. @throws Error where one of them is in use, or there twice. */
  #checkFree(tree: Tree, pages: PageNumbers): void {
    for (const { page, places } of this.#leaves(tree, () => {})) {
      for (const at of places) {
        const [key, value] = [keyOf(page, at), this.#value(page, at)];
        const count = value.length < FREE_NUMBER_BYTES ? -1 : Number(value.readBigUInt64LE(0));
        if (key.length !== FREE_NUMBER_BYTES || count < 0 || (count + 1) * FREE_NUMBER_BYTES > value.length) {
          throw new Error('a list of free pages is none');
        }
        for (let i = 1; i <= count; i++) {
          let length = 1n;
          let first = value.readBigInt64LE(i * FREE_NUMBER_BYTES);
          if (first < 0n && i < count) {
            length = -first;
            first = value.readBigInt64LE(++i * FREE_NUMBER_BYTES);
          }
          if (first !== 0n) pages.add(first, length);
        }
      }
    }
  }

  /** @param pages to which those of the tree are added. @returns the trees that it holds. @throws Error where something in it cannot be. */
  #check(tree: Tree, pages: PageNumbers): Tree[] {
    const trees: Tree[] = [];
    const damaged = (error: unknown) => {
      throw error;
    };
    let entries = 0;
    for (const { page, places } of this.#leaves(tree, damaged, (number) => pages.add(number, 1n))) {
      entries += places.length;
      for (const at of places) {
        const flags = flagsOf(page, at);
        if (flags & BIG_VALUE) {
          this.#value(page, at);
          pages.add(page.readBigUInt64LE(valueAt(page, at)), BigInt(this.#pagesOf(page.readUInt32LE(at))));
        }
        if (flags & TREE_VALUE) trees.push(treeAt(this.#value(page, at), 0));
      }
    }
    if (entries !== tree.entries) throw new Error(`a tree of ${tree.entries} entries has ${entries}`);
    return trees;
  }

  /** The leaves of a tree; pages that cannot be right are left out, and told of. */
  *#leaves(
    { root, depth }: Tree,
    damaged: (error: unknown) => void,
    passed: (page: bigint) => void = () => {},
  ): Generator<Nodes> {
    if (root === NO_PAGE) return;
    if (depth <= DEEPEST_TREE) yield* this.#below(root, depth, damaged, passed);
    else damaged(new Error(`a tree is ${depth} pages deep`));
  }

  *#below(
    number: bigint,
    depth: number,
    damaged: (error: unknown) => void,
    passed: (page: bigint) => void,
  ): Generator<Nodes> {
    const isLeaf = depth <= 1;
    let nodes: Nodes;
    try {
      passed(number);
      nodes = this.#nodes(number, isLeaf);
    } catch (error) {
      damaged(error);
      return;
    }
    if (isLeaf) yield nodes;
    else
      for (const at of nodes.places) yield* this.#below(childOf(nodes.page, at), depth - 1, damaged, passed);
  }

  /** @throws Error where the page cannot be one of its kind. */
  #nodes(number: bigint, isLeaf: boolean): Nodes {
    const page = this.#page(number, 1);
    if ((page.readUInt16LE(18) & (BRANCH | LEAF | OVERFLOW)) !== (isLeaf ? LEAF : BRANCH)) {
      throw new Error(`page ${number} is no ${isLeaf ? 'leaf' : 'branch'} of a tree`);
    }
    const lower = page.readUInt16LE(20);
    const end = PAGE_HEADER + lower;
    if (lower % 2 !== 0 || end > page.length || lower > page.readUInt16LE(22)) {
      throw new Error(`page ${number} has more in it than fits`);
    }
    if (!isLeaf && lower === 0) throw new Error(`page ${number} is an empty branch`);
    const places: number[] = [];
    for (let i = PAGE_HEADER; i < end; i += 2) {
      const at = PAGE_HEADER + page.readUInt16LE(i);
      if (at < end || endOf(page, at, isLeaf) > page.length) {
        throw new Error(`page ${number} has an entry outside of it`);
      }
      places.push(at);
    }
    // LMDB writes new entries below the lowest one, wherever the page says that it is.
    if (PAGE_HEADER + page.readUInt16LE(22) !== Math.min(page.length, ...places)) {
      throw new Error(`page ${number} says that it has other room than it has`);
    }
    return { page, places };
  }

  /** @throws Error where it does not lie where the page says. */
  #value(page: Buffer, node: number): Buffer {
    const bytes = page.readUInt32LE(node);
    const at = valueAt(page, node);
    if (!(flagsOf(page, node) & BIG_VALUE)) return page.subarray(at, at + bytes);
    const number = page.readBigUInt64LE(at);
    const pages = this.#pagesOf(bytes);
    const whole = this.#page(number, pages);
    if (!(whole.readUInt16LE(18) & OVERFLOW) || whole.readUInt32LE(20) < pages) {
      throw new Error(`page ${number} does not begin a long value`);
    }
    return whole.subarray(PAGE_HEADER, PAGE_HEADER + bytes);
  }

  /** How many pages a long value of so many bytes takes. */
  #pagesOf(bytes: number): number {
    return Math.ceil((PAGE_HEADER + bytes) / (this.#meta as Meta).pageSize);
  }

  #page(number: bigint, pages: number): Buffer {
    const { pageSize } = this.#meta as Meta;
    const at = Number(number) * pageSize;
    const length = pages * pageSize;
    if (at + length > this.#size) throw new Error(`page ${number} is behind the end of the file`);
    const page = this.#read(at, length);
    if (page.readBigUInt64LE(0) !== number) throw new Error(`page ${number} says that it is another`);
    return page;
  }

  #read(at: number, length: number): Buffer {
    if (at + length <= this.#start.length) return this.#start.subarray(at, at + length);
    const bytes = Buffer.allocUnsafeSlow(length);
    readFully(this.#file, bytes, at);
    return bytes;
  }

  /** The one that LMDB would go by: after the machine went down, one of which it is sure that all of it is on the disk. */
  #chooseMeta(): Meta | null {
    const first = this.#metaAt(0);
    const size = first?.pageSize ?? 4096;
    const second = this.#metaAt(size);
    if (first === null || second === null) return first ?? second;
    const latest = first.transaction >= second.transaction ? first : second;
    if (latest.boot === bootNumber() || !(latest.flags & OVERLAPPING_SYNC)) return latest;
    const flushed = this.#metaAt(size / 2);
    const older = [first, second, flushed].filter((meta) => meta !== null && meta.transaction > 0n);
    return older.reduce((a, b) => ((a as Meta).transaction > (b as Meta).transaction ? b : a), latest);
  }

  #metaAt(page: number): Meta | null {
    const at = page + PAGE_HEADER;
    if (at + META_BYTES > this.#size) return null;
    const bytes = this.#read(at, META_BYTES);
    const pageSize = bytes.readUInt32LE(FREE_TREE);
    const isSize = pageSize >= SMALLEST_PAGE && pageSize <= LARGEST_PAGE && (pageSize & (pageSize - 1)) === 0;
    // What is written in the middle of a page has no magic of its own.
    if (!isSize || (page % pageSize === 0 && bytes.readUInt32LE(0) !== MAGIC)) return null;
    return {
      pageSize,
      flags: bytes.readUInt16LE(FREE_TREE + 4),
      free: treeAt(bytes, FREE_TREE),
      main: treeAt(bytes, MAIN_TREE),
      lastPage: bytes.readBigUInt64LE(120),
      transaction: bytes.readBigUInt64LE(128),
      boot: bytes.readBigInt64LE(136),
    };
  }
}

function treeAt(bytes: Buffer, at: number): Tree {
  if (at + TREE_BYTES > bytes.length) return { root: NO_PAGE, depth: 0, entries: 0 };
  return {
    root: bytes.readBigUInt64LE(at + 40),
    depth: bytes.readUInt16LE(at + 6),
    entries: Number(bytes.readBigUInt64LE(at + 32)),
  };
}

function flagsOf(page: Buffer, node: number): number {
  return page.readUInt16LE(node + 4);
}

function valueAt(page: Buffer, node: number): number {
  return node + NODE_HEADER + page.readUInt16LE(node + 6);
}

function keyOf(page: Buffer, node: number): Buffer {
  return page.subarray(node + NODE_HEADER, valueAt(page, node));
}

function childOf(page: Buffer, node: number): bigint {
  return BigInt(page.readUInt32LE(node)) | (BigInt(flagsOf(page, node)) << 32n);
}

function endOf(page: Buffer, node: number, isLeaf: boolean): number {
  if (node + NODE_HEADER > page.length) return Number.POSITIVE_INFINITY;
  const inPage = flagsOf(page, node) & BIG_VALUE ? BIG_VALUE_BYTES : page.readUInt32LE(node);
  return valueAt(page, node) + (isLeaf ? inPage : 0);
}

/** As LMDB makes it of the number that Linux gives each start of the machine: the hexadecimal digits up to the first dash. */
function bootNumber(): bigint {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1');
    return BigInt(`0x${/^[0-9a-f]+/.exec(id)?.[0] ?? '0'}`);
  } catch {
    return 0n;
  }
}
