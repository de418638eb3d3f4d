import { getHeapStatistics } from 'node:v8';
import { onLargeString } from './dialect.ts';
import { type LuaState, lua } from './fengari.ts';
import type { Stopper } from './libraries/base-library.ts';
import { push } from './values.ts';

/** Instructions between two looks at the clock: some tens of microseconds. */
const LOOK_EVERY = 1000;
/** Looks at the clock between two at the heap. */
const HEAP_LOOK_EVERY = 100;
/** Part of the heap that may be used up before a script is ended: what is over has to do for the collector. */
const HEAP_SHARE = 0.75;
/** Bytes of strings (and of what it stores) that one script may add. */
const MAX_ADDED_BYTES = 1024 * 1024 * 1024;

/** Ends a script that takes too long or too much: the event loop and the memory that it uses are everybody's. */
export class Watch implements Stopper {
  #deadline = Infinity;
  #limitMs = 0;
  #looks = 0;
  #externalBefore: number | null = null;
  /** Why the script has to end; from then on no `pcall` keeps it alive. */
  #reason: string | null = null;

  /** @param limitMs 0: no limit. */
  begin(L: LuaState, limitMs: number): void {
    this.#limitMs = limitMs;
    this.#deadline = limitMs > 0 ? performance.now() + limitMs : Infinity;
    this.#reason = null;
    this.#looks = 0;
    this.#externalBefore = null;
    onLargeString((thread) => this.#look(thread, true));
    lua.lua_sethook(L, (thread) => this.#look(thread), lua.LUA_MASKCOUNT, LOOK_EVERY);
  }

  end(L: LuaState): void {
    lua.lua_sethook(L, null, 0, 0);
  }

  rethrow(L: LuaState): void {
    if (this.#reason !== null) this.#stop(L, this.#reason);
  }

  /** @param atHeap whether to look at the heap in any case. */
  #look(L: LuaState, atHeap = false): void {
    if (performance.now() > this.#deadline) {
      this.#stop(L, `Script ended: it ran longer than lua-time-limit, ${this.#limitMs} ms`);
    }
    if ((++this.#looks % HEAP_LOOK_EVERY === 0 || atHeap) && this.#isTooMuch())
      this.#stop(L, 'not enough memory');
  }

  #isTooMuch(): boolean {
    const { used_heap_size: used, heap_size_limit: limit, external_memory: external } = getHeapStatistics();
    this.#externalBefore ??= external;
    return used > limit * HEAP_SHARE || external - this.#externalBefore > MAX_ADDED_BYTES;
  }

  #stop(L: LuaState, reason: string): never {
    this.#reason = reason;
    push(L, reason);
    return lua.lua_error(L);
  }
}
