import { errors } from '../../errors.ts';
import { MapReply, OK, type Reply, SimpleString } from '../../protocol/reply.ts';
import { REDIS_VERSION } from '../../version.ts';
import { integerAt, keyAt, keywordAt, requireInteger, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { loadedModules } from '../server/module/list.ts';
import { isPlainName } from './client/plain-name.ts';

const PONG = new SimpleString('PONG');

export const ping: Command = {
  name: 'ping',
  arity: -1,
  flags: ['fast'],
  group: 'connection',
  summary: 'Answers PONG, or the argument',
  syntax: '[message]',
  run({ client }, args) {
    if (args.length > 2) throw errors.wrongArity('ping');
    if (client.subscriptions > 0 && client.writer.protocol === 2) {
      return ['pong', Uint8Array.from(args[1] ?? [])];
    }
    return args[1] === undefined ? PONG : Uint8Array.from(args[1]);
  },
};

export const echo: Command = {
  name: 'echo',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  summary: 'Answers the argument',
  syntax: 'message',
  run: (_, args) => Uint8Array.from(args[1] as Buffer),
};

export const hello: Command = {
  name: 'hello',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  secrets(args) {
    const at = args.findIndex((_, i) => i > 1 && keywordAt(args, i) === 'AUTH');
    return at < 0 ? [] : [at + 1, at + 2];
  },
  group: 'connection',
  since: '6.0.0',
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
    let login: (() => void) | undefined;
    for (let i = 2; i < args.length; i++) {
      const option = keywordAt(args, i);
      if (option === 'SETNAME' && i + 1 < args.length) {
        name = textAt(args, ++i);
        if (!isPlainName(name)) throw errors.invalidClientName();
      } else if (option === 'AUTH' && i + 2 < args.length) {
        const [username, password] = [keyAt(args, i + 1), keyAt(args, i + 2)];
        login = () => node.access.login(client, username, password, keyAt(args, 0));
        i += 2;
      } else throw errors.helloSyntax(textAt(args, i));
    }
    login?.();
    if (!client.authenticated) throw errors.helloNoAuth();
    client.writer.protocol = protocol;
    if (name !== undefined) client.name = name;
    return new MapReply([
      ['server', 'redis'],
      ['version', REDIS_VERSION],
      ['proto', protocol],
      ['id', client.id],
      ['mode', node.slots === null ? 'standalone' : 'cluster'],
      ['role', 'master'],
      ['modules', loadedModules()],
    ]);
  },
};

export const auth: Command = {
  name: 'auth',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  secrets: (args) => args.map((_, i) => i).slice(1),
  group: 'connection',
  summary: 'Authenticates the connection',
  syntax: '[username] password',
  run({ node, client }, args) {
    if (args.length > 3) throw errors.syntax();
    if (args.length === 2 && node.access.defaultUser.anyPassword) throw errors.noPasswordSet();
    const username = args.length === 2 ? node.access.defaultUser.name : keyAt(args, 1);
    node.access.login(client, username, keyAt(args, args.length - 1), keyAt(args, 0));
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
    if (index === undefined) throw errors.notAnInteger();
    if (index !== 0) throw node.slots === null ? errors.dbIndexOutOfRange() : errors.selectInCluster();
    return OK;
  },
};

export const quit: Command = {
  name: 'quit',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  runsInMulti: true,
  group: 'connection',
  summary: 'Closes the connection after the replies',
  syntax: '',
  run({ client }) {
    // What the client had sent behind it is not run.
    client.closing = true;
    setImmediate(() => client.closeAfterReplies());
    return OK;
  },
};

export const reset: Command = {
  name: 'reset',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  runsInMulti: true,
  group: 'connection',
  summary: "Puts the connection's state back to that of a new one",
  syntax: '',
  run({ node, client }) {
    node.subscriptions.removeAll(client);
    node.monitors.delete(client);
    client.resetState();
    node.access.logout(client);
    return new SimpleString('RESET');
  },
};

const flag = (name: string, summary: string, apply: Command['run']): Command => ({
  name,
  arity: 1,
  flags: name === 'asking' ? ['fast'] : ['loading', 'stale', 'fast'],
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
  flags: ['noscript'],
  group: 'generic',
  since: '3.0.0',
  summary: 'Waits for replicas; this engine has none, so the answer is 0',
  syntax: 'numreplicas timeout',
  run(_, args): Reply {
    requireInteger(args, 1);
    const timeout = integerAt(args, 2);
    if (timeout === undefined) throw errors.timeoutNotInteger();
    if (timeout < 0) throw errors.timeoutNegative();
    return 0;
  },
};
