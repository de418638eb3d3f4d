import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { startAccessNode } from './nodes.ts';
import { RawClient } from './raw-client.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let node: TesseraNode;
let admin: RespClient;
const opened: { close(): void }[] = [];

beforeEach(async () => {
  node = await startAccessNode();
  admin = await RespClient.connect(node.port);
});
afterEach(async () => {
  for (const client of opened.splice(0)) client.close();
  admin.close();
  await node.close();
});

async function loggedIn(name: string, password: string): Promise<RespClient> {
  const client = await RespClient.connect(node.port);
  opened.push(client);
  expect(await client.send('AUTH', name, password)).toBe('OK');
  return client;
}

async function refused(...rules: string[]): Promise<string> {
  const text = await admin.error('ACL', 'SETUSER', 'x', ...rules);
  return text.replace(/^ERR Error in ACL SETUSER modifier /, '');
}

describe('ACL SETUSER', () => {
  test('makes a user that is off and may do nothing', async () => {
    expect(await admin.send('ACL', 'SETUSER', 'ada')).toBe('OK');
    expect(await admin.send('ACL', 'LIST')).toEqual([
      'user ada off resetchannels -@all',
      'user default on nopass ~* &* +@all',
    ]);
    expect(await admin.send('ACL', 'USERS')).toEqual(['ada', 'default']);
    expect(await admin.send('ACL', 'GETUSER', 'ada')).toEqual([
      ...[
        'flags',
        ['off'],
        'passwords',
        [],
        'commands',
        '-@all',
        'keys',
        '',
        'channels',
        '',
        'selectors',
        [],
      ],
    ]);
    expect(await admin.send('ACL', 'GETUSER', 'nobody')).toBe(null);
  });

  test('adds and removes passwords, which are shown as hashes', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>one', '>two', `#${sha256('three')}`, '>one');
    const passwords = async () => ((await admin.send('ACL', 'GETUSER', 'ada')) as unknown[])[3];
    expect(await passwords()).toEqual(['one', 'two', 'three'].map(sha256));
    await loggedIn('ada', 'three');
    await admin.send('ACL', 'SETUSER', 'ada', '<two', `!${sha256('three')}`);
    expect(await passwords()).toEqual([sha256('one')]);
    await admin.send('ACL', 'SETUSER', 'ada', 'nopass');
    expect(await passwords()).toEqual([]);
    await loggedIn('ada', 'anything');
    await admin.send('ACL', 'SETUSER', 'ada', 'resetpass');
    const client = await RespClient.connect(node.port);
    opened.push(client);
    const wrongPass = 'WRONGPASS invalid username-password pair or user is disabled.';
    expect(await client.error('AUTH', 'ada', 'anything')).toBe(wrongPass);
    await admin.send('ACL', 'SETUSER', 'ada', '>one', 'off');
    expect(await client.error('AUTH', 'ada', 'one')).toBe(wrongPass);
  });

  test('keeps rules in the order given, without those that later ones override', async () => {
    const user = async () => (await admin.send('ACL', 'LIST')) as string[];
    await admin.send('ACL', 'SETUSER', 'ada', '+get', 'reset');
    expect((await user())[0]).toBe('user ada off sanitize-payload resetchannels -@all');
    const rules = async (...given: string[]) => {
      await admin.send('ACL', 'SETUSER', 'ada', 'reset', ...given);
      return (await user())[0]?.replace('user ada off sanitize-payload resetchannels ', '');
    };
    expect(await rules('+GET', '+@Read', '-keys')).toBe('-@all +get +@read -keys');
    expect(await rules('+get', '+set', '-get')).toBe('-@all +set -get');
    expect(await rules('+get', '+@all', '-@dangerous', '+info')).toBe('+@all -@dangerous +info');
    expect(await rules('+select|0', '+SELECT|Abc', '+select|0')).toBe('-@all +select|Abc +select|0');
    expect(await rules('+select|0', '+select')).toBe('-@all +select');
    expect(await rules('+acl|whoami', '+acl|cat', '-acl')).toBe('-@all -acl');
    expect(await rules('+@read', 'nocommands')).toBe('-@all');
  });

  test('shows patterns with what they allow', async () => {
    await admin.send(
      'ACL',
      'SETUSER',
      'ada',
      '~a*',
      '%R~b',
      '%W~c',
      '%rw~d',
      '%W~b',
      '%R~e',
      '&ch',
      '&news:*',
    );
    expect(await admin.send('ACL', 'LIST')).toContain(
      'user ada off ~a* ~b %W~c ~d %R~e resetchannels &ch &news:* -@all',
    );
    await admin.send('ACL', 'SETUSER', 'ada', 'allkeys', 'allchannels');
    expect(await admin.send('ACL', 'LIST')).toContain('user ada off ~* &* -@all');
    await admin.send('ACL', 'SETUSER', 'ada', 'resetkeys', 'resetchannels', '~x');
    expect(await admin.send('ACL', 'LIST')).toContain('user ada off ~x resetchannels -@all');
  });

  test('takes selectors whole or in pieces', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', '(+get ~a)', '(+set', '%R~b', '&c)', '(', '+@read', ')', '()');
    expect(await admin.send('ACL', 'LIST')).toContain(
      'user ada off resetchannels -@all (~a resetchannels -@all +get) (%R~b resetchannels &c -@all +set) (resetchannels -@all +@read) (resetchannels -@all)',
    );
    const shown = (await admin.send('ACL', 'GETUSER', 'ada')) as unknown[][];
    expect(shown[11]?.slice(0, 2)).toEqual([
      ['commands', '-@all +get', 'keys', '~a', 'channels', ''],
      ['commands', '-@all +set', 'keys', '%R~b', 'channels', '&c'],
    ]);
    await admin.send('ACL', 'SETUSER', 'ada', 'clearselectors');
    expect(await admin.send('ACL', 'LIST')).toContain('user ada off resetchannels -@all');
  });

  test('refuses what is no rule, in the words of Redis, and changes nothing then', async () => {
    expect(await refused('foo', '>x')).toBe("'foo': Syntax error");
    expect(await refused('+nope')).toBe("'+nope': Unknown command or category name in ACL");
    expect(await refused('-@nope')).toBe("'-@nope': Unknown command or category name in ACL");
    expect(await refused('-select|0')).toBe("'-select|0': Unknown command or category name in ACL");
    expect(await refused('+acl|nope')).toBe("'+acl|nope': Unknown command or category name in ACL");
    expect(await refused('+acl|cat|x')).toBe(
      "'+acl|cat|x': Allowing first-arg of a subcommand is not supported",
    );
    expect(await refused('+select|')).toBe("'+select|': Syntax error");
    expect(await refused('%~x')).toBe("'%~x': Syntax error");
    expect(await refused('%RR~x')).toBe("'%RR~x': Syntax error");
    expect(await refused('~a b')).toBe("'~a b': Syntax error");
    expect(await refused('<x')).toBe(
      "'<x': The password you are trying to remove from the user does not exist",
    );
    expect(await refused('#abc')).toBe(
      "'#abc': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
    );
    expect(await refused('~*', '~x')).toBe(
      "'~x': Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
    );
    expect(await refused('&*', '&x')).toBe(
      "'&x': Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels",
    );
    expect(await refused('(+get', '~x')).toBe(
      "ERR Unmatched parenthesis in acl selector starting at '(+get'.",
    );
    expect(await refused('(>pw)')).toBe("'(>pw)': Syntax error");
    expect(await refused('on', '+get', '(+nope)')).toBe("'(+nope)': Unknown command or category name in ACL");
    expect(await admin.error('ACL', 'SETUSER', 'a b')).toBe(
      "ERR Usernames can't contain spaces or null characters",
    );
    expect(await admin.send('ACL', 'USERS')).toEqual(['default']);
  });

  test('names, passwords and patterns are bytes', async () => {
    const name = Buffer.from([0xff, 0x2a]);
    const password = Buffer.from([0x3e, 0xfe, 0x00]);
    const key = Buffer.from([0xfd, 0x01]);
    const all = Buffer.from('~');
    await admin.send('ACL', 'SETUSER', name, 'on', password, Buffer.concat([all, key]), '+get');
    const client = await RespClient.connect(node.port);
    opened.push(client);
    expect(await client.send('AUTH', name, password.subarray(1))).toBe('OK');
    expect(await client.send('GET', key)).toBe(null);
    expect(await client.error('GET', Buffer.from([0xfc, 0x01]))).toMatch(/^NOPERM /);
    expect(await admin.send('ACL', 'USERS')).toEqual(['default', name]);
  });

  test('changes hold at once for connections that there are', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw', '+get', '~*');
    const ada = await loggedIn('ada', 'pw');
    expect(await ada.send('GET', 'k')).toBe(null);
    await admin.send('ACL', 'SETUSER', 'ada', '-get');
    expect(await ada.error('GET', 'k')).toBe("NOPERM this user has no permissions to run the 'get' command");
    await admin.send('ACL', 'SETUSER', 'ada', 'off', '+get');
    expect(await ada.send('GET', 'k')).toBe(null);
  });
});

describe('users in RESP3', () => {
  test('ACL GETUSER is a map with sets, ACL LOG a list of maps', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '+get', '(~x)');
    const raw = await RawClient.connect({ port: node.port });
    opened.push(raw);
    await raw.send('*0\r\n', 'HELLO', '3');
    const selector =
      '%3\r\n$8\r\ncommands\r\n$5\r\n-@all\r\n$4\r\nkeys\r\n$2\r\n~x\r\n$8\r\nchannels\r\n$0\r\n\r\n';
    expect(await raw.send(selector, 'ACL', 'GETUSER', 'ada')).toBe(
      `%6\r\n$5\r\nflags\r\n~1\r\n$2\r\non\r\n$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$10\r\n-@all +get\r\n$4\r\nkeys\r\n$0\r\n\r\n$8\r\nchannels\r\n$0\r\n\r\n$9\r\nselectors\r\n*1\r\n${selector}`,
    );
    expect(await raw.send('_\r\n', 'ACL', 'GETUSER', 'nobody')).toBe('_\r\n');
    await admin.error('AUTH', 'nobody', 'x');
    const log = await raw.send('\r\n', 'ACL', 'LOG');
    expect(log).toMatch(
      /^\*1\r\n%10\r\n\$5\r\ncount\r\n:1\r\n\$6\r\nreason\r\n\$4\r\nauth\r\n\$7\r\ncontext\r\n\$8\r\ntoplevel\r\n\$6\r\nobject\r\n\$4\r\nAUTH\r\n\$8\r\nusername\r\n\$6\r\nnobody\r\n\$11\r\nage-seconds\r\n,/,
    );
  });
});

describe('connections of users', () => {
  test('CLIENT LIST, CLIENT INFO and ACL WHOAMI tell the user', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw', '+@all');
    const ada = await loggedIn('ada', 'pw');
    expect(await ada.send('ACL', 'WHOAMI')).toBe('ada');
    expect(await ada.send('CLIENT', 'INFO')).toMatch(/ user=ada /);
    const lines = String(await admin.send('CLIENT', 'LIST'))
      .trim()
      .split('\n');
    expect(lines.map((line) => / user=(\S+) /.exec(line)?.[1]).sort()).toEqual(['ada', 'default']);
    expect(await ada.send('RESET')).toBe('RESET');
    expect(await ada.send('ACL', 'WHOAMI')).toBe('default');
  });

  test('CLIENT KILL USER closes those of the user', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw');
    const ada = await loggedIn('ada', 'pw');
    const closed = ada.reply().catch((error: Error) => error.message);
    expect(await admin.error('CLIENT', 'KILL', 'USER', 'nobody')).toBe("ERR No such user 'nobody'");
    expect(await admin.send('CLIENT', 'KILL', 'USER', 'ada')).toBe(1);
    expect(await closed).toBe('connection closed');
    expect(await admin.send('CLIENT', 'KILL', 'USER', 'ada')).toBe(0);
  });

  test('a deleted user is logged out everywhere, the one who asked for it after the answer', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw', '+@all', '~*');
    await admin.send('ACL', 'SETUSER', 'bob', 'on', '>pw', '+@all', '~*');
    const [first, second, bob] = [
      await loggedIn('ada', 'pw'),
      await loggedIn('ada', 'pw'),
      await loggedIn('bob', 'pw'),
    ];
    const closed = first.reply().catch((error: Error) => error.message);
    const [deleted, after] = [
      second.send('ACL', 'DELUSER', 'ada', 'nobody', 'ada'),
      second.send('SET', 'k', 'v').catch((error: Error) => error.message),
    ];
    expect(await deleted).toBe(1);
    expect(await closed).toBe('connection closed');
    expect(await after).toBe('connection closed');
    expect(await bob.send('EXISTS', 'k')).toBe(0);
    expect(await admin.send('ACL', 'USERS')).toEqual(['bob', 'default']);
    expect(await admin.error('ACL', 'DELUSER', 'default')).toBe("ERR The 'default' user cannot be removed");
  });
});

describe('the other subcommands of ACL', () => {
  test('CAT lists the categories, and the commands of one', async () => {
    expect(await admin.send('ACL', 'CAT')).toEqual([
      ...['keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap', 'hyperloglog'],
      ...['geo', 'stream', 'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous', 'connection'],
      ...['transaction', 'scripting', 'ai'],
    ]);
    const commands = (await admin.send('ACL', 'CAT', 'AI')) as string[];
    expect(commands).toContain('ai.tensorset');
    expect(commands.every((name) => name.startsWith('ai.'))).toBe(true);
    expect(await admin.send('ACL', 'CAT', 'admin')).toContain('acl|setuser');
    expect(await admin.error('ACL', 'CAT', 'nope')).toBe("ERR Unknown category 'nope'");
    expect(await admin.error('ACL', 'CAT', 'a', 'b')).toBe(
      "ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.",
    );
  });

  test('GENPASS gives as many random bits as asked for', async () => {
    expect(await admin.send('ACL', 'GENPASS')).toMatch(/^[0-9a-f]{64}$/);
    expect(await admin.send('ACL', 'GENPASS', 5)).toMatch(/^[0-9a-f]{2}$/);
    expect(await admin.send('ACL', 'GENPASS', 4096)).toMatch(/^[0-9a-f]{1024}$/);
    expect(await admin.send('ACL', 'GENPASS')).not.toBe(await admin.send('ACL', 'GENPASS'));
    const refusal =
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096';
    for (const bits of [0, -1, 4097]) expect(await admin.error('ACL', 'GENPASS', bits)).toBe(refusal);
  });

  test('DRYRUN tells what would happen', async () => {
    await admin.send('ACL', 'SETUSER', 'ada', '+get', '+set', '%R~r*', '%W~w*', '(+del ~d)');
    const dryrun = (...args: string[]) => admin.send('ACL', 'DRYRUN', 'ada', ...args);
    expect(await dryrun('get', 'r1')).toBe('OK');
    expect(await dryrun('GET', 'w1')).toBe("This user has no permissions to access the 'w1' key");
    expect(await dryrun('set', 'w1', 'v')).toBe('OK');
    expect(await dryrun('set', 'w1', 'v', 'get')).toBe("This user has no permissions to access the 'w1' key");
    expect(await dryrun('del', 'd')).toBe('OK');
    expect(await dryrun('del', 'd', 'x')).toBe("This user has no permissions to access the 'x' key");
    expect(await dryrun('mget', 'r1')).toBe("This user has no permissions to run the 'mget' command");
    expect(await dryrun('acl', 'list')).toBe("This user has no permissions to run the 'acl|list' command");
    expect(await admin.error('ACL', 'DRYRUN', 'nobody', 'get', 'k')).toBe("ERR User 'nobody' not found");
    expect(await admin.error('ACL', 'DRYRUN', 'ada', 'nope')).toBe("ERR Command 'nope' not found");
    expect(await admin.error('ACL', 'DRYRUN', 'ada', 'acl', 'nope')).toBe("ERR Command 'acl' not found");
    expect(await admin.error('ACL', 'DRYRUN', 'ada', 'get')).toBe(
      "ERR wrong number of arguments for 'get' command",
    );
  });

  test('HELP describes all of them', async () => {
    const lines = (await admin.send('ACL', 'HELP')) as string[];
    expect(lines[0]).toBe('ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    const names = lines
      .map((line) => /^[A-Z]+/.exec(line)?.[0])
      .filter((name) => name !== undefined && name !== 'ACL');
    expect(names).toEqual([
      ...['CAT', 'DELUSER', 'DRYRUN', 'GETUSER', 'GENPASS', 'LIST', 'LOAD', 'LOG', 'SAVE', 'SETUSER'],
      ...['USERS', 'WHOAMI', 'HELP'],
    ]);
    expect(await admin.error('ACL', 'NOPE')).toBe("ERR unknown subcommand 'NOPE'. Try ACL HELP.");
  });
});
