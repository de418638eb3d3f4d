import { errors } from '../errors.ts';
import { latin1 } from '../protocol/latin1.ts';

/** What the first line of a script says of it. */
export interface ScriptFlags {
  /** Whether there is a `#!` line: scripts without one have more liberties, as before Redis 7. */
  readonly declared: boolean;
  readonly noWrites: boolean;
  readonly allowOom: boolean;
  readonly noCluster: boolean;
  readonly allowCrossSlotKeys: boolean;
}

const FLAGS = ['no-writes', 'allow-oom', 'allow-stale', 'no-cluster', 'allow-cross-slot-keys'];

/**
 * Reads the `#!lua flags=..` line.
 * @returns the flags and the source without that line's text; its line break stays, so that the lines keep their numbers.
 * @throws ServerError when the line is not right.
 */
export function parseScript(source: Uint8Array): { readonly flags: ScriptFlags; readonly body: Uint8Array } {
  if (source[0] !== 0x23 || source[1] !== 0x21) return { flags: flagsOf(false, []), body: source };
  const end = source.indexOf(0x0a);
  if (end < 0) throw errors.scriptShebang();
  const [engine = '', ...options] = latin1(source.subarray(0, end))
    .split(/\s+/)
    .filter((word) => word !== '');
  if (engine !== '#!lua') throw errors.scriptEngine(engine);
  const found: string[] = [];
  for (const option of options) {
    if (!option.startsWith('flags=')) throw errors.scriptShebangOption(option);
    for (const flag of option.slice('flags='.length).split(',')) {
      if (flag === '') continue;
      if (!FLAGS.includes(flag)) throw errors.scriptShebangFlag(flag);
      found.push(flag);
    }
  }
  return { flags: flagsOf(true, found), body: source.subarray(end) };
}

function flagsOf(declared: boolean, found: readonly string[]): ScriptFlags {
  return {
    declared,
    noWrites: found.includes('no-writes'),
    allowOom: found.includes('allow-oom'),
    noCluster: found.includes('no-cluster'),
    allowCrossSlotKeys: found.includes('allow-cross-slot-keys'),
  };
}
