import { errors } from '../../errors.ts';
import { parseDump } from '../../keyspace/dump/dump.ts';
import { liveValue } from '../../keyspace/dump/live-value.ts';
import type { DumpedValue } from '../../keyspace/dump/value-codec.ts';
import type { KeyName, StoredValue } from '../../keyspace/keyspace.ts';
import type { NodeContext } from '../../node-context.ts';
import { OK, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { loadModel } from '../ai/modelstore.ts';
import { integerAt, keyAt, keywordAt, requireInteger } from '../arguments.ts';
import type { Command } from '../command.ts';

export const restore: Command = {
  name: 'restore',
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'generic',
  summary: 'Puts a value that DUMP returned under a key; a model is loaded first',
  syntax: 'key ttl-ms payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
  run: ({ node }, args) => restoreValue(node, args),
};

/** Does what RESTORE does; a promise where a model has to be loaded. */
export function restoreValue(node: NodeContext, args: Arguments): Reply | Promise<Reply> {
  const key = keyAt(args, 1);
  const { replace, expiresAt } = parseOptions(args);
  const mustBeFree = () => {
    if (!replace && node.keyspace.get(key) !== undefined) throw errors.busyKey();
  };
  mustBeFree();
  const dumped = parseDump(args[3] as Buffer);
  if (dumped === 'footer') throw errors.dumpFooter();
  if (dumped === 'content') throw errors.dumpContent();
  const made = make(node, dumped);
  if (!(made instanceof Promise)) return put(node, key, made, expiresAt);
  return made.then((value) => {
    try {
      mustBeFree();
    } catch (error) {
      if (value.type === 'model') node.devices.unload(value.model);
      throw error;
    }
    return put(node, key, value, expiresAt);
  });
}

function parseOptions(args: Arguments): { replace: boolean; expiresAt: number | undefined } {
  let replace = false;
  let absolute = false;
  for (let i = 4; i < args.length; i++) {
    const option = keywordAt(args, i);
    if (option === 'REPLACE') replace = true;
    else if (option === 'ABSTTL') absolute = true;
    else if (option === 'IDLETIME' && i + 1 < args.length) {
      if (requireInteger(args, ++i) < 0) throw errors.invalidIdleTime();
    } else if (option === 'FREQ' && i + 1 < args.length) {
      const frequency = requireInteger(args, ++i);
      if (frequency < 0 || frequency > 255) throw errors.invalidFrequency();
    } else throw errors.syntax();
  }
  const ttl = integerAt(args, 2);
  if (ttl === undefined) throw errors.notAnInteger();
  if (ttl < 0) throw errors.invalidTtl();
  if (ttl === 0) return { replace, expiresAt: undefined };
  return { replace, expiresAt: absolute ? ttl : Date.now() + ttl };
}

function make(node: NodeContext, dumped: DumpedValue): StoredValue | Promise<StoredValue> {
  if (dumped.type === 'model') {
    return loadModel(node, dumped.model, dumped.model).then((model) => ({ type: 'model', model }));
  }
  return liveValue(dumped);
}

function put(node: NodeContext, key: KeyName, value: StoredValue, expiresAt: number | undefined): Reply {
  node.keyspace.set(key, value);
  // A time that has passed leaves no key behind.
  if (expiresAt !== undefined) node.keyspace.setExpiry(key, expiresAt);
  return OK;
}
