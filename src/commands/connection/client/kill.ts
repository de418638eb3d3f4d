import type { ClientSession } from '../../../client-session.ts';
import { errors } from '../../../errors.ts';
import type { NodeContext } from '../../../node-context.ts';
import { OK } from '../../../protocol/reply.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import { integerAt, keyAt, keywordAt, textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { typeTestAt } from './client-type.ts';

interface Filter {
  readonly tests: readonly ((session: ClientSession) => boolean)[];
  readonly skipSelf: boolean;
}

export const kill: Command = {
  name: 'client|kill',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.4.0',
  summary: 'Ends the connection from an address, or all that a filter names',
  syntax:
    'ip:port | [ID id] [TYPE NORMAL|MASTER|REPLICA|PUBSUB] [USER name] [ADDR ip:port] [LADDR ip:port] [SKIPME yes|no]',
  run({ node, client: self }, args) {
    const sessions = [...node.clients.values()];
    if (args.length === 3) {
      const address = textAt(args, 2);
      const found = sessions.find((session) => session.remoteAddress === address);
      if (found === undefined) throw errors.noSuchClient();
      end(found, self);
      return OK;
    }
    const { tests, skipSelf } = parse(node, args);
    const found = sessions.filter(
      (session) => !(skipSelf && session === self) && tests.every((test) => test(session)),
    );
    for (const session of found) end(session, self);
    return found.length;
  },
};

function parse(node: NodeContext, args: Arguments): Filter {
  const tests: ((session: ClientSession) => boolean)[] = [];
  let skipSelf = true;
  for (let i = 2; i < args.length; i += 2) {
    if (i + 1 >= args.length) throw errors.syntax();
    const value = textAt(args, i + 1);
    switch (keywordAt(args, i)) {
      case 'ID': {
        const id = integerAt(args, i + 1);
        if (id === undefined || id <= 0) throw errors.clientIdTooSmall();
        tests.push((session) => session.id === id);
        break;
      }
      case 'TYPE':
        tests.push(typeTestAt(args, i + 1));
        break;
      case 'ADDR':
        tests.push((session) => session.remoteAddress === value);
        break;
      case 'LADDR':
        tests.push((session) => session.localAddress === value);
        break;
      case 'USER': {
        const user = node.access.find(keyAt(args, i + 1));
        if (user === undefined) throw errors.noSuchUser(value);
        tests.push((session) => session.user === user);
        break;
      }
      case 'SKIPME':
        if (!/^(yes|no)$/i.test(value)) throw errors.syntax();
        skipSelf = value.toLowerCase() === 'yes';
        break;
      default:
        throw errors.syntax();
    }
  }
  return { tests, skipSelf };
}

function end(session: ClientSession, self: ClientSession): void {
  if (session !== self) {
    session.kill();
    return;
  }
  session.closing = true;
  setImmediate(() => session.closeAfterReplies());
}
