import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CheckpointStore } from './checkpoint-store.ts';
import { DamagedStore } from './damaged-store.ts';
import { LmdbFile } from './lmdb-file.ts';

/** Files up to this size are looked through at each start: that takes a few hundredths of a second. */
const ALWAYS_CHECKED_BYTES = 16 * 1024 * 1024;

export interface OpenedStore {
  readonly store: CheckpointStore | DamagedStore;
  /** What is wrong with the database, so that it is not to be written to; null where nothing is known to be. */
  readonly damage: string | null;
  /** To be called when all keys have been read, or none will be. */
  opened(): void;
}

/**
 * Opens the database of a data folder. LMDB ends the process on pages that are damaged, so the file is looked through before; a large one
 * only where the process before this one ended while it read it.
 * @throws Error where that is not possible.
 */
export function openStore(folder: string, isReadOnly: boolean): OpenedStore {
  const database = path.join(folder, 'keys.mdb');
  const mark = path.join(folder, 'opening');
  const damage = existsSync(database) && isDue(database, mark) ? damageOf(database) : null;
  if (damage === null) {
    // Before LMDB sees the file.
    if (!isReadOnly) writeFileSync(mark, '');
    return {
      store: new CheckpointStore(database, isReadOnly),
      damage,
      opened: () => {
        if (!isReadOnly) rmSync(mark, { force: true });
      },
    };
  }
  const store = new DamagedStore(database);
  return {
    store,
    damage: `the database is damaged: ${damage}; ${store.size} keys of it can be read, ${store.lost} cannot`,
    opened() {},
  };
}

function isDue(database: string, mark: string): boolean {
  return statSync(database).size <= ALWAYS_CHECKED_BYTES || existsSync(mark);
}

function damageOf(database: string): string | null {
  const file = new LmdbFile(database);
  try {
    return file.damage();
  } finally {
    file.close();
  }
}
