import { statSync } from 'node:fs';
import slotOf from 'cluster-key-slot';
import { formatAddress, type NodeAddress } from '../cli/connection/address.ts';
import { type ProgressOutput, startProgress } from '../cli/terminal/progress.ts';
import type { FileItem, KeyItem } from '../keyspace/dump/rdb-file-items.ts';
import { type FileSummary, inspect, readFile } from './inspection.ts';
import { dumpPayload, FOOTER_BYTES, Restorer } from './restorer.ts';
import { Target } from './target.ts';

export interface RestoreOptions {
  readonly file: string;
  readonly node: NodeAddress;
  /** Keys that are there already may be overwritten. */
  readonly replace: boolean;
  /** The node is emptied first. */
  readonly flush: boolean;
  readonly output: ProgressOutput;
  readonly signal: AbortSignal;
}

export interface RestoreResult {
  readonly summary: FileSummary;
  readonly restored: number;
  /** Keys whose time was over. */
  readonly expired: number;
  /** What was left out since no command here works with it, and how many of each. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Keys that the target refused, with its reasons. */
  readonly failed: readonly { readonly key: Uint8Array; readonly reason: string }[];
}

/** What the first reading finds out. */
interface Plan {
  readonly summary: FileSummary;
  readonly skipped: ReadonlyMap<string, number>;
  readonly slots: ReadonlySet<number>;
  readonly largest: { readonly key: Uint8Array; readonly bytes: number } | undefined;
}

/**
 * Puts the keys of a file into a node, and into others of its cluster where they belong there.
 * @throws Error that says why; up to the first key that is sent, nothing is changed then.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { signal } = options;
  const plan = await check(options);
  const target = await Target.open(options.node);
  const abort = () => target.close();
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    await prepare(target, plan, options);
    return await send(target, plan, options);
  } finally {
    signal.removeEventListener('abort', abort);
    target.close();
  }
}

async function check({ file, output, signal }: RestoreOptions): Promise<Plan> {
  const skipped = new Map<string, number>();
  const slots = new Set<number>();
  let largest: Plan['largest'];
  const look = (item: FileItem) => {
    const what = unknownPart(item);
    if (what !== undefined) skipped.set(what, (skipped.get(what) ?? 0) + 1);
    if (item.kind !== 'key' || what !== undefined) return;
    slots.add(slotOf(Buffer.from(item.key)));
    const bytes = item.to - item.from + 1 + FOOTER_BYTES;
    if (bytes > (largest?.bytes ?? 0)) largest = { key: item.key, bytes };
  };
  const progress = startProgress({ label: 'checking', total: statSync(file).size, output });
  try {
    const summary = await inspect(file, progress.update, look, signal);
    return { summary, skipped, slots, largest };
  } finally {
    progress.stop();
  }
}

/** What an item is called that is left out; undefined where it is not. */
function unknownPart(item: FileItem): string | undefined {
  switch (item.kind) {
    case 'fact':
      return undefined;
    case 'function':
      return 'function libraries';
    case 'module data':
      return `data of module type ${item.typeName}`;
    case 'key':
      if (!item.isKnown) return `keys of type ${item.typeName}`;
      return item.database === 0 ? undefined : `keys of database ${item.database}`;
  }
}

/** All that can be refused is refused here; then the node is emptied, if that is wanted. */
async function prepare(target: Target, { slots, largest }: Plan, options: RestoreOptions): Promise<void> {
  const longest = await target.longestArgument();
  if (largest !== undefined && largest.bytes > longest) {
    throw new Error(
      `${shownKey(largest.key)} takes ${largest.bytes} bytes, the node takes ${longest}: CONFIG SET proto-max-bulk-len ${largest.bytes} first`,
    );
  }
  if (!options.replace) await mustBeEmpty(target, slots, options.flush);
  if (options.flush) await target.first.demand('FLUSHALL');
}

async function mustBeEmpty(target: Target, slots: ReadonlySet<number>, flush: boolean): Promise<void> {
  for (const connection of await target.ownersOf(slots)) {
    if (flush && connection === target.first) continue;
    const keys = await connection.demand('DBSIZE');
    if (keys === 0) continue;
    const how = connection === target.first ? '--flush empties it first, --replace' : '--replace';
    throw new Error(
      `${formatAddress(connection.address)} has ${keys} keys: ${how} overwrites those that the file has too`,
    );
  }
}

async function send(target: Target, plan: Plan, options: RestoreOptions): Promise<RestoreResult> {
  const { summary, skipped } = plan;
  const restorer = new Restorer(target, options.replace);
  let expired = 0;
  const progress = startProgress({ label: 'restore', total: summary.bytes, output: options.output });
  try {
    for await (const { item, reader, version } of readFile(options.file)) {
      progress.update(reader.position);
      if (item.kind !== 'key' || unknownPart(item) !== undefined) continue;
      if (isOver(item)) expired++;
      else await restorer.put(item, dumpPayload(item.type, reader.between(item.from, item.to), version));
    }
    await restorer.finish();
  } catch (error) {
    const { message } = options.signal.aborted ? options.signal.reason : (error as Error);
    throw new Error(`stopped after ${restorer.restored} keys: ${message}`, { cause: error });
  } finally {
    progress.stop();
  }
  return { summary, restored: restorer.restored, expired, skipped, failed: restorer.failed };
}

function isOver({ expiresAt }: KeyItem): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now();
}

/** A key as people see it. */
export function shownKey(key: Uint8Array): string {
  return JSON.stringify(Buffer.from(key).toString('utf8'));
}
