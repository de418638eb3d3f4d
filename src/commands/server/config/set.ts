import { errors } from '../../../errors.ts';
import type { NodeContext } from '../../../node-context.ts';
import { OK } from '../../../protocol/reply.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import { textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { SETTINGS, type WritableSetting } from './settings.ts';

interface Change {
  readonly name: string;
  readonly value: string;
  readonly setting: WritableSetting;
}

export const set: Command = {
  name: 'config|set',
  arity: -4,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.0.0',
  summary: 'Changes settings: all of them, or none when one is refused',
  syntax: 'name value [name value ...]',
  run({ node }, args) {
    const changes = parse(args);
    const done: [Change, string][] = [];
    let current = '';
    try {
      for (const change of changes) {
        current = change.name;
        const before = change.setting.read(node);
        change.setting.write(node, change.value);
        done.push([change, before]);
      }
      const applied = new Set<WritableSetting['apply']>();
      for (const { name, setting } of changes) {
        if (setting.apply === undefined || applied.has(setting.apply)) continue;
        applied.add(setting.apply);
        current = name;
        setting.apply(node);
      }
    } catch (error) {
      restore(node, done);
      throw errors.configInvalid(current, error instanceof Error ? error.message : String(error));
    }
    for (const { setting } of changes) setting.commit?.(node);
    for (const { name } of changes) node.kept.keep(name);
    return OK;
  },
};

/** @throws ServerError where a name is unknown, fixed, or there twice. */
function parse(args: Arguments): Change[] {
  if (args.length % 2 !== 0) throw errors.syntax();
  const changes = new Map<string, Change>();
  for (let i = 2; i < args.length; i += 2) {
    const name = textAt(args, i).toLowerCase();
    const setting = SETTINGS[name];
    if (setting === undefined) throw errors.configUnknown(textAt(args, i));
    if (!isWritable(setting)) throw errors.configInvalid(name, "can't set immutable config");
    if (changes.has(name)) throw errors.configInvalid(name, 'duplicate parameter');
    changes.set(name, { name, value: textAt(args, i + 1), setting });
  }
  return [...changes.values()];
}

function isWritable(setting: (typeof SETTINGS)[string]): setting is WritableSetting {
  return setting.write !== undefined;
}

function restore(node: NodeContext, done: readonly [Change, string][]): void {
  for (const [{ setting }, before] of [...done].reverse()) setting.write(node, before);
}
