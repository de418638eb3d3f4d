import { errors } from '../../errors.ts';
import { MapReply, OK, type Reply, SimpleString } from '../../protocol/reply.ts';
import { REDIS_VERSION } from '../../version.ts';
import { integerAt, keywordAt, requireInteger, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { isPlainName } from './client.ts';

const PONG = new SimpleString('PONG');

export const ping: Command = {
  name: 'ping',
  arity: -1,
  flags: ['fast'],
  group: 'connection',
  summary: 'Answers PONG, or the argument',
  syntax: '[message]',
  run(_, args) {
    if (args.length > 2) throw errors.wrongArity('ping');
    return args[1] === undefined ? PONG : Uint8Array.from(args[1]);
  },
};

export const echo: Command = {
  name: 'echo',
  arity: 2,
  flags: ['fast'],
  group: 'connection',
  summary: 'Answers the argument',
  syntax: 'message',
  run: (_, args) => Uint8Array.from(args[1] as Buffer),
};

export const hello: Command = {
  name: 'hello',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth'],
  group: 'connection',
  summary: 'Chooses RESP2 or RESP3 and tells about the server',
  syntax: '[2 | 3 [AUTH username password] [SETNAME name]]',
  run({ node, client }, args) {
    let protocol = client.writer.protocol;
    if (args.length > 1) {
      const wanted = integerAt(args, 1);
      if (wanted === undefined) throw errors.protocolNotInteger();
      if (wanted !== 2 && wanted !== 3) throw errors.noProto();
      protocol = wanted;
    }
    let name: string | undefined;
    for (let i = 2; i < args.length; i++) {
      const option = keywordAt(args, i);
      if (option === 'SETNAME' && i + 1 < args.length) {
        name = textAt(args, ++i);
        if (!isPlainName(name)) throw errors.invalidClientName();
      } else if (option === 'AUTH' && i + 2 < args.length) {
        // Without a password the default user takes any, as in Redis.
        if (textAt(args, i + 1) !== 'default') throw errors.wrongPass();
        i += 2;
      } else throw errors.helloSyntax(textAt(args, i));
    }
    client.writer.protocol = protocol;
    if (name !== undefined) client.name = name;
    return new MapReply([
      ['server', 'redis'],
      ['version', REDIS_VERSION],
      ['proto', protocol],
      ['id', client.id],
      ['mode', node.slots === null ? 'standalone' : 'cluster'],
      ['role', 'master'],
      ['modules', []],
    ]);
  },
};

export const auth: Command = {
  name: 'auth',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth'],
  group: 'connection',
  summary: 'Authenticates the connection',
  syntax: '[username] password',
  run(_, args) {
    if (args.length > 3) throw errors.syntax();
    if (args.length === 2) throw errors.noPasswordSet();
    if (textAt(args, 1) !== 'default') throw errors.wrongPass();
    return OK;
  },
};

export const select: Command = {
  name: 'select',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  summary: 'Selects a database; there is one, number 0',
  syntax: 'index',
  run({ node }, args) {
    const index = integerAt(args, 1);
    if (index === undefined) throw errors.invalidDbIndex();
    if (index !== 0) throw node.slots === null ? errors.dbIndexOutOfRange() : errors.selectInCluster();
    return OK;
  },
};

export const quit: Command = {
  name: 'quit',
  arity: -1,
  flags: ['noscript', 'fast', 'loading', 'stale', 'no_auth'],
  runsInMulti: true,
  group: 'connection',
  summary: 'Closes the connection after the replies',
  syntax: '',
  run({ client }) {
    setImmediate(() => client.closeAfterReplies());
    return OK;
  },
};

export const reset: Command = {
  name: 'reset',
  arity: 1,
  flags: ['noscript', 'fast', 'loading', 'stale', 'no_auth'],
  runsInMulti: true,
  group: 'connection',
  summary: "Puts the connection's state back to that of a new one",
  syntax: '',
  run({ client }) {
    Object.assign(client, { name: '', asking: false, readonly: false, transaction: null });
    client.unwatch();
    client.writer.protocol = 2;
    return new SimpleString('RESET');
  },
};

const flag = (name: string, summary: string, apply: Command['run']): Command => ({
  name,
  arity: 1,
  flags: ['fast'],
  group: 'cluster',
  summary,
  syntax: '',
  run: apply,
});

export const asking = flag('asking', 'Lets the next command use a slot that is being imported', (context) => {
  if (context.node.slots === null) throw errors.clusterDisabled();
  context.client.asking = true;
  return OK;
});

export const readonly = flag('readonly', 'Accepts reads from replicas', (context) => {
  if (context.node.slots === null) throw errors.clusterDisabled();
  context.client.readonly = true;
  return OK;
});

export const readwrite = flag('readwrite', 'Takes READONLY back', (context) => {
  if (context.node.slots === null) throw errors.clusterDisabled();
  context.client.readonly = false;
  return OK;
});

export const time: Command = {
  name: 'time',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  summary: "The server's clock: seconds and microseconds",
  syntax: '',
  run() {
    const now = Date.now();
    return [String(Math.floor(now / 1000)), String((now % 1000) * 1000)];
  },
};

export const wait: Command = {
  name: 'wait',
  arity: 3,
  flags: ['noscript', 'blocking'],
  group: 'generic',
  summary: 'Waits for replicas; this engine has none, so the answer is 0',
  syntax: 'numreplicas timeout',
  run(_, args): Reply {
    requireInteger(args, 1);
    requireInteger(args, 2);
    return 0;
  },
};
