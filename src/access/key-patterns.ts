import { globMatcher } from '../commands/keys/glob.ts';
import { ruleErrors } from './rule-error.ts';

/** What a command does with a key: reads its value, changes it, both, or neither (such as EXISTS). */
export interface KeyAccess {
  readonly reads: boolean;
  readonly writes: boolean;
}

interface KeyPattern extends KeyAccess {
  readonly pattern: string;
  readonly matches: (key: string) => boolean;
}

const SPACES = /[ \t\n\v\f\r\0]/;

/** The keys that a selector allows: the effect of `~pattern`, `%R~pattern`, `%W~pattern`, `allkeys`, `resetkeys`. */
export class KeyPatterns {
  #all = false;
  #patterns: KeyPattern[] = [];

  get all(): boolean {
    return this.#all;
  }

  setAll(all: boolean): void {
    this.#all = all;
    this.#patterns = [];
  }

  /**
   * Adds `~pattern` or `%..~pattern`.
   * @throws RuleError
   */
  add(rule: string): void {
    if (this.#all) throw ruleErrors.patternAfterAllKeys();
    const { reads, writes, pattern } = parse(rule);
    if (SPACES.test(pattern)) throw ruleErrors.syntax();
    const at = this.#patterns.findIndex((p) => p.pattern === pattern);
    const known = this.#patterns[at];
    if (known === undefined) {
      this.#patterns.push({ reads, writes, pattern, matches: globMatcher(pattern) });
    } else {
      this.#patterns[at] = { ...known, reads: known.reads || reads, writes: known.writes || writes };
    }
  }

  allows(key: string, access: KeyAccess): boolean {
    if (this.#all) return true;
    return this.#patterns.some(
      (p) => (p.reads || !access.reads) && (p.writes || !access.writes) && p.matches(key),
    );
  }

  clone(): KeyPatterns {
    const copy = new KeyPatterns();
    copy.#all = this.#all;
    copy.#patterns = [...this.#patterns];
    return copy;
  }

  /** Such as `~a* %R~b*`; empty where no key is allowed. */
  describe(): string {
    // A rule behind `~*` is refused, so a `%RW~*` among others is shown as what it comes to.
    if (this.#all || this.#patterns.some((p) => p.pattern === '*' && p.reads && p.writes)) return '~*';
    return this.#patterns
      .map(({ reads, writes, pattern }) => `${reads && writes ? '~' : reads ? '%R~' : '%W~'}${pattern}`)
      .join(' ');
  }
}

function parse(rule: string): KeyAccess & { pattern: string } {
  if (rule[0] === '~') return { reads: true, writes: true, pattern: rule.slice(1) };
  let reads = false;
  let writes = false;
  let at = 1;
  for (; at < rule.length && rule[at] !== '~'; at++) {
    const letter = rule[at]?.toUpperCase();
    if (letter === 'R' && !reads) reads = true;
    else if (letter === 'W' && !writes) writes = true;
    else throw ruleErrors.syntax();
  }
  // Redis takes `%R` without a tilde for the pattern that only the empty key has.
  if (!reads && !writes) throw ruleErrors.syntax();
  return { reads, writes, pattern: rule.slice(at + 1) };
}

/** Whether the text holds a character that would end a rule in an ACL file. */
export function hasSpaces(text: string): boolean {
  return SPACES.test(text);
}
