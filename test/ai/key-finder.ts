import type { Typed } from '../support/typed-client.ts';

/** A rule of COMMAND INFO to find keys by, as a client reads it. */
export interface KeyRule {
  readonly flags: readonly string[];
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly startFrom: number };
  readonly find:
    | { readonly lastKey: number; readonly step: number }
    | { readonly countAt: number; readonly firstKey: number; readonly step: number };
}

/** The rules in a reply of COMMAND INFO for one command, in RESP2. */
export function keyRules(description: readonly Typed[]): KeyRule[] {
  return (description[8] as Typed[]).map((spec) => {
    const fields = asRecord(spec);
    const begin = asRecord(fields.begin_search);
    const find = asRecord(fields.find_keys);
    const [from, to] = [asRecord(begin.spec), asRecord(find.spec)];
    return {
      flags: (fields.flags as string[]).map((flag) => flag.slice(1)),
      begin:
        begin.type === '$index'
          ? { index: number(from.index) }
          : { keyword: String(from.keyword).slice(1), startFrom: number(from.startfrom) },
      find:
        find.type === '$range'
          ? { lastKey: number(to.lastkey), step: number(to.keystep) }
          : { countAt: number(to.keynumidx), firstKey: number(to.firstkey), step: number(to.keystep) },
    };
  });
}

/** Such as `1` for the argument, `INPUTS 3..` for the keyword from there on; then `n` for a count, `0` for the last key; then the flags. */
export function ruleText({ begin, find, flags }: KeyRule): string {
  const where = 'index' in begin ? `${begin.index}` : `${begin.keyword} ${begin.startFrom}..`;
  return `${where} | ${'countAt' in find ? 'n' : find.lastKey} | ${flags.join(' ')}`;
}

/** The positions of the keys, as a client finds them that knows nothing of the command but its rules. */
export function findKeys(rules: readonly KeyRule[], command: readonly string[]): number[] {
  return rules.flatMap(({ begin, find }) => {
    const start = 'index' in begin ? begin.index : behindKeyword(begin, command);
    if (start >= command.length) return [];
    if ('lastKey' in find) {
      const last = find.lastKey < 0 ? command.length + find.lastKey : start + find.lastKey;
      return range(start, last, find.step);
    }
    const count = Number(command[start + find.countAt]);
    const first = start + find.firstKey;
    return range(first, first + (count - 1) * find.step, find.step);
  });
}

/** Behind the end where the keyword is not there: then the rule finds nothing. */
function behindKeyword(
  { keyword, startFrom }: { keyword: string; startFrom: number },
  command: readonly string[],
): number {
  const found = command.findIndex((word, i) => i >= startFrom && word.toUpperCase() === keyword);
  return found < 0 ? command.length : found + 1;
}

function range(from: number, to: number, step: number): number[] {
  const positions: number[] = [];
  for (let at = from; at <= to; at += step) positions.push(at);
  return positions;
}

function asRecord(reply: Typed | undefined): Record<string, Typed> {
  const list = reply as Typed[];
  return Object.fromEntries(
    Array.from({ length: list.length / 2 }, (_, i) => [
      String(list[2 * i]).slice(1),
      list[2 * i + 1] as Typed,
    ]),
  );
}

function number(reply: Typed | undefined): number {
  return Number(String(reply).slice(1));
}
