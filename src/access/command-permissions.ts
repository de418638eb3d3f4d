import { CATEGORIES, isInCategory } from '../commands/acl-categories.ts';
import type { Command } from '../commands/command.ts';
import type { CommandTable } from '../commands/table.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { ruleErrors } from './rule-error.ts';

/** Which commands a selector allows: the effect of its `+` and `-` rules, and the rules themselves to show and save them. */
export class CommandPermissions {
  readonly #table: CommandTable;
  #all = false;
  #allowed = new Set<string>();
  /** First arguments that are allowed of a command that itself is not: `+select|0`. */
  #firstArguments = new Map<string, readonly string[]>();
  #rules = ['-@all'];

  constructor(table: CommandTable) {
    this.#table = table;
  }

  /** Whether every command is allowed. */
  get all(): boolean {
    return this.#all;
  }

  allows(command: Command, args: Arguments): boolean {
    if (this.#all || command.flags.includes('no_auth') || this.#allowed.has(command.name)) return true;
    const first = args[1]?.toString('latin1').toLowerCase();
    const allowed = this.#firstArguments.get(command.name);
    return first !== undefined && allowed?.some((text) => text.toLowerCase() === first) === true;
  }

  /**
   * Applies one of `+name`, `-name`, `+name|sub`, `+@category`, `-@category`, `allcommands`, `nocommands`.
   * @throws RuleError where it names nothing that exists.
   */
  apply(rule: string): void {
    const lower = rule.toLowerCase();
    if (lower === 'allcommands' || lower === '+@all') this.#setAll(true);
    else if (lower === 'nocommands' || lower === '-@all') this.#setAll(false);
    else if (lower[1] === '@') this.#applyCategory(lower);
    else this.#applyCommand(rule);
  }

  clone(): CommandPermissions {
    const copy = new CommandPermissions(this.#table);
    copy.#all = this.#all;
    copy.#allowed = new Set(this.#allowed);
    copy.#firstArguments = new Map(this.#firstArguments);
    copy.#rules = [...this.#rules];
    return copy;
  }

  /** The rules that lead here, such as `-@all +@read -keys`. */
  describe(): string {
    return this.#rules.join(' ');
  }

  #setAll(allow: boolean): void {
    this.#all = allow;
    this.#allowed.clear();
    this.#firstArguments.clear();
    for (const command of allow ? this.#table.all() : []) this.#change(command, true);
    this.#rules = [allow ? '+@all' : '-@all'];
  }

  #applyCategory(rule: string): void {
    const category = rule.slice(2);
    if (!CATEGORIES.includes(category)) throw ruleErrors.unknownName();
    const allow = rule[0] === '+';
    for (const command of this.#table.all()) {
      // As in Redis a container's category holds for all its subcommands.
      if (isInCategory(command, category)) this.#change(command, allow);
      for (const sub of command.subcommands ?? []) {
        if (isInCategory(sub, category)) this.#change(sub, allow);
      }
    }
    this.#remember(rule);
  }

  #applyCommand(rule: string): void {
    const allow = rule[0] === '+';
    const name = rule.slice(1);
    const command = findByFullName(this.#table, name);
    if (command !== undefined) {
      this.#change(command, allow);
      this.#remember(`${rule[0]}${command.name}`);
      return;
    }
    const bar = name.lastIndexOf('|');
    if (!allow || bar < 0) throw ruleErrors.unknownName();
    this.#allowFirstArgument(name.slice(0, bar), name.slice(bar + 1));
  }

  #allowFirstArgument(name: string, argument: string): void {
    const command = findByFullName(this.#table, name);
    if (command === undefined) throw ruleErrors.unknownName();
    if (name.includes('|')) throw ruleErrors.firstArgOfSubcommand();
    if (argument === '') throw ruleErrors.syntax();
    if (command.subcommands !== undefined) throw ruleErrors.unknownName();
    const known = this.#firstArguments.get(command.name) ?? [];
    const isKnown = known.some((text) => text.toLowerCase() === argument.toLowerCase());
    if (!isKnown) this.#firstArguments.set(command.name, [...known, argument]);
    this.#remember(`+${command.name}|${argument}`);
  }

  #change(command: Command, allow: boolean): void {
    if (!allow) this.#all = false;
    this.#firstArguments.delete(command.name);
    for (const { name } of [command, ...(command.subcommands ?? [])]) {
      if (allow) this.#allowed.add(name);
      else this.#allowed.delete(name);
    }
  }

  /** Keeps the rule in place of those that it overrides: the same name, and subcommands of it. */
  #remember(rule: string): void {
    const name = rule.slice(1);
    this.#rules = this.#rules.filter((r) => r.slice(1) !== name && !r.startsWith(`${name}|`, 1));
    this.#rules.push(rule);
  }
}

/** The command or, with a bar, the subcommand of that name in any case: `get`, `config|get`. */
export function findByFullName(table: CommandTable, fullName: string): Command | undefined {
  const lower = fullName.toLowerCase();
  const bar = lower.indexOf('|');
  if (bar < 0) return table.find(lower);
  return table.find(lower.slice(0, bar))?.subcommands?.find((sub) => sub.name === lower);
}
