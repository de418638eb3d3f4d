import type { KeyName } from '../../keyspace.ts';

/** What the next checkpoint has to write. */
export class Unsaved {
  readonly keys = new Set<KeyName>();
  readonly settings = new Set<string>();
  /** Whether all keys were removed before those were changed. */
  cleared = false;

  get isEmpty(): boolean {
    return this.keys.size === 0 && this.settings.size === 0 && !this.cleared;
  }

  clear(): void {
    this.keys.clear();
    this.cleared = true;
  }

  /** Takes what an earlier one holds that could not be written. */
  add(earlier: Unsaved): void {
    for (const key of earlier.keys) this.keys.add(key);
    for (const name of earlier.settings) this.settings.add(name);
    this.cleared ||= earlier.cleared;
  }
}
