import { getHeapStatistics } from 'node:v8';
import { onLargeString } from './dialect.ts';
import { type LuaState, lua } from './fengari.ts';
import type { Stopper } from './libraries/base-library.ts';
import { push } from './values.ts';

/** Instructions between two looks at the clock: some tens of microseconds. */
const LOOK_EVERY = 1000;
/** Looks at the clock between two at the heap: some milliseconds. */
const HEAP_LOOK_EVERY = 20;
/** Part of the free heap that a script may take: a table that grows takes a multiple of its size for a moment. */
const HEAP_SHARE = 0.5;
/** Bytes of strings (and of what it stores) that one script may add. */
const MAX_ADDED_BYTES = 1024 * 1024 * 1024;

/** Ends a script that takes too long or too much: the event loop and the memory that it uses are everybody's. */
export class Watch implements Stopper {
  #deadline = Infinity;
  #limitMs = 0;
  #looks = 0;
  /** The least bytes seen in use, of the heap and outside of it: what is collected while the script runs was not its own. */
  #leastHeap = Infinity;
  #leastExternal = Infinity;
  /** Why the script has to end; from then on no `pcall` keeps it alive. */
  #reason: string | null = null;

  /** @param limitMs 0: no limit. */
  begin(L: LuaState, limitMs: number): void {
    this.#limitMs = limitMs;
    this.#deadline = limitMs > 0 ? performance.now() + limitMs : Infinity;
    this.#reason = null;
    this.#looks = 0;
    this.#leastHeap = Infinity;
    this.#leastExternal = Infinity;
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
    this.#leastHeap = Math.min(this.#leastHeap, used);
    this.#leastExternal = Math.min(this.#leastExternal, external);
    return (
      used - this.#leastHeap > (limit - this.#leastHeap) * HEAP_SHARE ||
      external - this.#leastExternal > MAX_ADDED_BYTES
    );
  }

  #stop(L: LuaState, reason: string): never {
    this.#reason = reason;
    // Else a handler of the script would run, for as long as it likes, as a part of this hook, in which there are no hooks.
    L.allowhook = 1;
    push(L, reason);
    return lua.lua_error(L);
  }
}
