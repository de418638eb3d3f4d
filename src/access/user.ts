import type { Command } from '../commands/command.ts';
import type { CommandTable } from '../commands/table.ts';
import { type Arguments, splitInline } from '../protocol/request-reader.ts';
import { hasHash, hashPassword, isPasswordHash } from './passwords.ts';
import { ruleErrors } from './rule-error.ts';
import { type Denial, furtherDenial, Selector } from './selector.ts';

/** A user: who may log in under that name, and what they may then do. Names, passwords and patterns have one character a byte. */
export class User {
  readonly name: string;
  readonly #table: CommandTable;
  #enabled = false;
  #anyPassword = false;
  /** Redis's flag for RESTORE, kept so that ACL files can be taken over; null where no rule named it. */
  #sanitizePayload: boolean | null = null;
  #hashes = new Set<string>();
  #root: Selector;
  #selectors: Selector[] = [];

  /** A new user: off, without password or permission. */
  constructor(name: string, table: CommandTable) {
    this.name = name;
    this.#table = table;
    this.#root = Selector.empty(table);
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** Set by `nopass`: any password will do. */
  get anyPassword(): boolean {
    return this.#anyPassword;
  }

  /** SHA-256 in hexadecimal, in the order in which they were added. */
  get passwordHashes(): readonly string[] {
    return [...this.#hashes];
  }

  get root(): Selector {
    return this.#root;
  }

  get selectors(): readonly Selector[] {
    return this.#selectors;
  }

  /** As ACL GETUSER shows them. */
  get flags(): string[] {
    const flags = [this.#enabled ? 'on' : 'off'];
    if (this.#anyPassword) flags.push('nopass');
    if (this.#sanitizePayload !== null) {
      flags.push(this.#sanitizePayload ? 'sanitize-payload' : 'skip-sanitize-payload');
    }
    return flags;
  }

  /**
   * Applies one rule of ACL SETUSER; a selector is one rule, parentheses and all.
   * @throws RuleError saying why not; the user may then be used no more.
   */
  apply(rule: string): void {
    const value = rule.slice(1);
    switch (rule.toLowerCase()) {
      case 'on':
        this.#enabled = true;
        return;
      case 'off':
        this.#enabled = false;
        return;
      case 'nopass':
        this.#anyPassword = true;
        this.#hashes.clear();
        return;
      case 'resetpass':
        this.#anyPassword = false;
        this.#hashes.clear();
        return;
      case 'sanitize-payload':
      case 'skip-sanitize-payload':
        this.#sanitizePayload = rule.toLowerCase() === 'sanitize-payload';
        return;
      case 'clearselectors':
        this.#selectors = [];
        return;
      case 'reset':
        for (const each of ['resetpass', 'off', 'sanitize-payload', 'clearselectors']) this.apply(each);
        this.#root = Selector.empty(this.#table);
        return;
    }
    if (rule[0] === '>') this.#addHash(hashPassword(value));
    else if (rule[0] === '#') this.#addHash(requireHash(value));
    else if (rule[0] === '<') this.#removeHash(hashPassword(value));
    else if (rule[0] === '!') this.#removeHash(requireHash(value));
    else if (rule.startsWith('(') && rule.endsWith(')')) this.#addSelector(rule.slice(1, -1));
    else this.#root.apply(rule);
  }

  /** Takes everything but the name over from another user, which is used no more: who holds this one sees the change at once. */
  become(other: User): void {
    this.#enabled = other.#enabled;
    this.#anyPassword = other.#anyPassword;
    this.#sanitizePayload = other.#sanitizePayload;
    this.#hashes = other.#hashes;
    this.#root = other.#root;
    this.#selectors = other.#selectors;
  }

  clone(): User {
    const copy = new User(this.name, this.#table);
    copy.become(this);
    copy.#hashes = new Set(this.#hashes);
    copy.#root = this.#root.clone();
    copy.#selectors = this.#selectors.map((selector) => selector.clone());
    return copy;
  }

  accepts(password: string): boolean {
    if (!this.#enabled) return false;
    // Hashed first, so that the time does not tell whether the user has a password.
    const hash = hashPassword(password);
    return this.#anyPassword || hasHash(this.#hashes, hash);
  }

  /** Null where the user may run the command with these arguments. */
  check(command: Command, args: Arguments): Denial | null {
    if (this.#root.all) return null;
    let denial: Denial | null = null;
    for (const selector of [this.#root, ...this.#selectors]) {
      const found = selector.check(command, args);
      if (found === null) return null;
      denial = furtherDenial(denial, found);
    }
    return denial;
  }

  /** The rules that make this user, as a line of the ACL file has them behind the name. */
  describe(): string {
    const selectors = this.#selectors.map((selector) => `(${selector.describe()})`);
    const hashes = [...this.#hashes].map((hash) => `#${hash}`);
    return [...this.flags, ...hashes, this.#root.describe(), ...selectors].join(' ');
  }

  #addHash(hash: string): void {
    this.#anyPassword = false;
    this.#hashes.add(hash);
  }

  #removeHash(hash: string): void {
    if (!this.#hashes.delete(hash)) throw ruleErrors.noSuchPassword();
  }

  #addSelector(rules: string): void {
    const pieces = splitInline(rules);
    if (pieces === null) throw ruleErrors.syntax();
    const selector = Selector.empty(this.#table);
    for (const piece of pieces) selector.apply(piece);
    this.#selectors.push(selector);
  }
}

function requireHash(text: string): string {
  if (!isPasswordHash(text)) throw ruleErrors.badHash();
  return text;
}
