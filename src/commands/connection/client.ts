import type { ClientSession } from '../../client-session.ts';
import { errors } from '../../errors.ts';
import type { NodeContext } from '../../node-context.ts';
import { OK, type Reply, Verbatim } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { integerAt, keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';

/** Printable, without spaces: what Redis takes for client names and library attributes. */
export function isPlainName(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

export const client: Command = {
  name: 'client',
  arity: -2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  summary: 'Tells about connections and names, lists and closes them',
  syntax:
    'GETNAME | SETNAME name | SETINFO LIB-NAME|LIB-VER value | ID | INFO | LIST | KILL ... | NO-EVICT | NO-TOUCH',
  run({ node, client: session }, args) {
    const sub = keywordAt(args, 1);
    const exactly = (count: number) => {
      if (args.length !== count) throw errors.invalidSubcommandArity(`client|${sub.toLowerCase()}`);
    };
    switch (sub) {
      case 'ID':
        exactly(2);
        return session.id;
      case 'INFO':
        exactly(2);
        return new Verbatim(`${session.describe()}\n`);
      case 'GETNAME':
        exactly(2);
        return session.name === '' ? null : session.name;
      case 'SETNAME': {
        exactly(3);
        const name = textAt(args, 2);
        if (!isPlainName(name)) throw errors.invalidClientName();
        session.name = name;
        return OK;
      }
      case 'SETINFO':
        exactly(4);
        return setInfo(session, keywordAt(args, 2), textAt(args, 3));
      case 'LIST':
        return new Verbatim(list(node, args));
      case 'KILL':
        return kill(node, session, args);
      case 'NO-EVICT':
      case 'NO-TOUCH':
        exactly(3);
        if (!['ON', 'OFF'].includes(keywordAt(args, 2))) throw errors.syntax();
        return OK;
      default:
        throw errors.unknownSubcommand(textAt(args, 1), 'client');
    }
  },
};

function setInfo(session: ClientSession, attribute: string, value: string): Reply {
  if (attribute !== 'LIB-NAME' && attribute !== 'LIB-VER') {
    throw errors.unknownClientInfo(attribute.toLowerCase());
  }
  if (!isPlainName(value)) throw errors.invalidClientInfo(attribute.toLowerCase());
  if (attribute === 'LIB-NAME') session.libraryName = value;
  else session.libraryVersion = value;
  return OK;
}

function list(node: NodeContext, args: Arguments): string {
  let sessions = [...node.clients.values()];
  const option = keywordAt(args, 2);
  if (option === 'ID' && args.length > 3) {
    const ids = args.slice(3).map((_, i) => integerAt(args, i + 3));
    if (ids.some((id) => id === undefined || id <= 0)) throw errors.invalidClientId();
    sessions = sessions.filter((session) => ids.includes(session.id));
  } else if (option === 'TYPE' && args.length === 4) {
    const wanted = keywordAt(args, 3);
    if (!['NORMAL', 'MASTER', 'REPLICA', 'SLAVE', 'PUBSUB'].includes(wanted)) {
      throw errors.unknownClientType(textAt(args, 3));
    }
    if (wanted !== 'NORMAL') sessions = [];
  } else if (args.length > 2) throw errors.syntax();
  return sessions.map((session) => `${session.describe()}\n`).join('');
}

function kill(node: NodeContext, self: ClientSession, args: Arguments): Reply {
  if (args.length === 3) {
    const address = textAt(args, 2);
    const found = [...node.clients.values()].find((session) => session.remoteAddress === address);
    if (found === undefined) throw errors.noSuchClient();
    end(found, self);
    return OK;
  }
  if (args.length % 2 !== 0) throw errors.syntax();
  const tests: ((session: ClientSession) => boolean)[] = [];
  let skipSelf = true;
  for (let i = 2; i < args.length; i += 2) {
    const option = keywordAt(args, i);
    const value = textAt(args, i + 1);
    if (option === 'ID') tests.push((session) => String(session.id) === value);
    else if (option === 'ADDR') tests.push((session) => session.remoteAddress === value);
    else if (option === 'LADDR') tests.push((session) => session.localAddress === value);
    else if (option === 'SKIPME') skipSelf = value.toLowerCase() !== 'no';
    else throw errors.syntax();
  }
  const found = [...node.clients.values()].filter(
    (session) => !(skipSelf && session === self) && tests.every((test) => test(session)),
  );
  for (const session of found) end(session, self);
  return found.length;
}

function end(session: ClientSession, self: ClientSession): void {
  if (session === self) setImmediate(() => session.closeAfterReplies());
  else session.kill();
}
