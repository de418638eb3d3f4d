import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { startAccessNode } from './nodes.ts';

const KEYS = 'NOPERM this user has no permissions to access one of the keys used as arguments';
const noCommand = (name: string) => `NOPERM this user has no permissions to run the '${name}' command`;

let node: TesseraNode;
let admin: RespClient;
const opened: RespClient[] = [];

beforeEach(async () => {
  node = await startAccessNode();
  admin = await RespClient.connect(node.port);
});
afterEach(async () => {
  for (const client of opened.splice(0)) client.close();
  admin.close();
  await node.close();
});

async function userWith(...rules: string[]): Promise<RespClient> {
  expect(await admin.send('ACL', 'SETUSER', 'ada', 'reset', 'on', '>pw', ...rules)).toBe('OK');
  const client = await RespClient.connect(node.port);
  opened.push(client);
  expect(await client.send('AUTH', 'ada', 'pw')).toBe('OK');
  return client;
}

test('who may run an experiment runs its models, who sets one has to be able to read them', async () => {
  for (const key of ['m', 'n']) {
    await admin.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', model('mul'));
  }
  await admin.send('AI.TENSORSET', 't1', 'FLOAT', 1, 2, 'VALUES', 1, 2);
  await admin.send('AI.EXPERIMENT', 'SET', 'e', 'PRIMARY', 'm', 'CANDIDATES', 1, 'n');
  const ada = await userWith('+@ai', '~e', '~t*');
  expect(await ada.send('AI.MODELEXECUTE', 'e', 'INPUTS', 2, 't1', 't1', 'OUTPUTS', 1, 't2')).toBe('OK');
  expect(await ada.send('AI.EXPERIMENT', 'RESET', 'e')).toBe('OK');
  expect(await ada.error('AI.EXPERIMENT', 'SET', 'e', 'PRIMARY', 'm', 'CANDIDATES', 1, 'n')).toBe(KEYS);
  expect(await ada.error('AI.EXPERIMENT', 'PROMOTE', 'e', 'n')).toBe(KEYS);
  const bob = await userWith('+@ai', '-ai.experiment|promote', '%R~m', '%R~n', '%W~e');
  expect(await bob.send('AI.EXPERIMENT', 'SET', 'e', 'PRIMARY', 'm', 'CANDIDATES', 1, 'n')).toBe('OK');
  expect(await bob.error('AI.EXPERIMENT', 'GET', 'e')).toBe(KEYS);
  expect(await bob.error('AI.EXPERIMENT', 'PROMOTE', 'e', 'n')).toBe(noCommand('ai.experiment|promote'));
});

describe('commands', () => {
  test('a user without rules may only log in, reset and quit', async () => {
    const ada = await userWith();
    expect(await ada.error('PING')).toBe(noCommand('ping'));
    expect(await ada.error('MULTI')).toBe(noCommand('multi'));
    expect(await ada.error('ACL', 'WHOAMI')).toBe(noCommand('acl|whoami'));
    expect(await ada.error('NOPE')).toBe("ERR unknown command 'NOPE', with args beginning with: ");
    expect(await ada.error('ACL', 'NOPE')).toBe("ERR unknown subcommand 'NOPE'. Try ACL HELP.");
    expect(await ada.error('GET')).toBe("ERR wrong number of arguments for 'get' command");
    expect(await ada.send('AUTH', 'ada', 'pw')).toBe('OK');
    expect(await ada.send('HELLO', 2)).toContain('redis');
    expect(await ada.send('RESET')).toBe('RESET');
  });

  test('categories, single commands and subcommands add up in their order', async () => {
    const ada = await userWith('+@read', '-mget', '+acl|whoami', '+select|0', '~*');
    expect(await ada.send('GET', 'k')).toBe(null);
    expect(await ada.error('MGET', 'k')).toBe(noCommand('mget'));
    expect(await ada.error('SET', 'k', 'v')).toBe(noCommand('set'));
    expect(await ada.send('ACL', 'WHOAMI')).toBe('ada');
    expect(await ada.error('ACL', 'LIST')).toBe(noCommand('acl|list'));
    expect(await ada.send('SELECT', 0)).toBe('OK');
    expect(await ada.error('SELECT', 1)).toBe(noCommand('select'));
    const most = await userWith('+@all', '-@dangerous', '~*');
    expect(await most.send('SET', 'k', 'v')).toBe('OK');
    expect(await most.error('FLUSHALL')).toBe(noCommand('flushall'));
    expect(await most.error('AI.CONFIG', 'LOADBACKEND', 'TORCH', 'any.mjs')).toBe(noCommand('ai.config'));
    expect(await most.error('ACL', 'SETUSER', 'ada', '+@all')).toBe(noCommand('acl|setuser'));
  });
});

describe('keys', () => {
  test('every key of a command has to be allowed', async () => {
    const ada = await userWith('+@all', '~a*', '~b?');
    expect(await ada.send('MSET', 'a1', 1, 'b1', 2)).toBe('OK');
    expect(await ada.error('MSET', 'a1', 1, 'c', 2)).toBe(KEYS);
    expect(await ada.error('MGET', 'a1', 'b')).toBe(KEYS);
    expect(await ada.send('MGET', 'a1', 'b1')).toEqual(['1', '2']);
    expect(await ada.error('DEL', 'a1', 'x')).toBe(KEYS);
    expect(await ada.send('EXISTS', 'a1', 'b1')).toBe(2);
  });

  test('reading and changing are allowed apart', async () => {
    const ada = await userWith('+@all', '%R~r', '%W~w');
    expect(await ada.send('GET', 'r')).toBe(null);
    expect(await ada.error('SET', 'r', 1)).toBe(KEYS);
    expect(await ada.send('SET', 'w', 1)).toBe('OK');
    expect(await ada.error('GET', 'w')).toBe(KEYS);
    expect(await ada.error('SET', 'w', 1, 'GET')).toBe(KEYS);
    expect(await ada.send('EXPIRE', 'w', 100)).toBe(1);
    // Whether a key is there may be asked by everyone who has any right on it.
    expect(await ada.send('EXISTS', 'r', 'w')).toBe(1);
    expect(await ada.error('EXISTS', 'x')).toBe(KEYS);
    expect(await ada.send('COPY', 'r', 'w')).toBe(0);
    expect(await ada.error('COPY', 'w', 'r')).toBe(KEYS);
    expect(await ada.error('RENAME', 'w', 'w')).toBe(KEYS);
    expect(await ada.send('DEL', 'w')).toBe(1);
  });

  test('one selector has to allow all of a command', async () => {
    const ada = await userWith('+get', '~a', '(+set ~b)', '(+get ~c)');
    expect(await ada.send('GET', 'a')).toBe(null);
    expect(await ada.send('GET', 'c')).toBe(null);
    expect(await ada.send('SET', 'b', 1)).toBe('OK');
    expect(await ada.error('SET', 'a', 1)).toBe(KEYS);
    expect(await ada.error('GET', 'b')).toBe(KEYS);
    expect(await ada.error('DEL', 'b')).toBe(noCommand('del'));
  });
});

describe('AI commands', () => {
  test('models may be run without being read, changed or run on other tensors', async () => {
    await admin.send('AI.MODELSTORE', 'model:mul', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await admin.send('AI.TENSORSET', 'in:x', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    await admin.send('AI.TENSORSET', 'secret', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    const ada = await userWith('+@ai', '-ai.modelget', '%R~model:*', '%R~in:*', '~out:*');
    const run = (...inputs: string[]) => ['INPUTS', 2, ...inputs, 'OUTPUTS', 1];
    expect(await ada.send('AI.MODELEXECUTE', 'model:mul', ...run('in:x', 'in:x'), 'out:y')).toBe('OK');
    expect(await ada.send('AI.TENSORGET', 'out:y', 'VALUES')).toEqual(['1', '4', '9', '16']);
    expect(await ada.error('AI.MODELEXECUTE', 'model:mul', ...run('in:x', 'in:x'), 'in:x')).toBe(KEYS);
    expect(await ada.error('AI.MODELEXECUTE', 'model:mul', ...run('in:x', 'secret'), 'out:y')).toBe(KEYS);
    expect(await ada.error('AI.MODELGET', 'model:mul', 'BLOB')).toBe(noCommand('ai.modelget'));
    expect(await ada.error('AI.MODELDEL', 'model:mul')).toBe(KEYS);
    expect(await ada.error('AI.TENSORSET', 'in:x', 'FLOAT', 1)).toBe(KEYS);
    expect(await ada.error('GET', 'in:x')).toBe(noCommand('get'));
  });

  test('a key that is named like a keyword is still a key', async () => {
    const ada = await userWith('+@all', '%R~*', '%W~OUTPUTS');
    const dryrun = async (...args: (string | number)[]) =>
      admin.send('ACL', 'DRYRUN', 'ada', 'AI.MODELEXECUTE', ...args);
    expect(await dryrun('INPUTS', 'INPUTS', 1, 'OUTPUTS', 'OUTPUTS', 1, 'OUTPUTS')).toBe('OK');
    expect(await dryrun('m', 'INPUTS', 1, 'OUTPUTS', 'OUTPUTS', 1, 'INPUTS')).toBe(
      "This user has no permissions to access the 'INPUTS' key",
    );
    expect(await ada.send('PING')).toBe('PONG');
  });
});

describe('graphs and scripts', () => {
  const denied = (key: string) => `This user has no permissions to access the '${key}' key`;
  const dryrun = (line: string) => admin.send('ACL', 'DRYRUN', 'ada', ...line.split(' '));

  test('a graph reads what it loads and runs, and writes what it persists', async () => {
    await userWith('+@ai', '%R~r*', '%W~w*');
    const run = '|> AI.MODELEXECUTE r INPUTS 1 a OUTPUTS 1 b';
    expect(await dryrun(`AI.DAGEXECUTE LOAD 2 r1 r2 PERSIST 1 w1 ${run}`)).toBe('OK');
    expect(await dryrun(`AI.DAGEXECUTE LOAD 2 r1 w1 PERSIST 1 w1 ${run}`)).toBe(denied('w1'));
    expect(await dryrun(`AI.DAGEXECUTE LOAD 1 r1 PERSIST 1 r1 ${run}`)).toBe(denied('r1'));
    expect(await dryrun(`AI.DAGEXECUTE LOAD 1 r1 ${run} |> AI.MODELEXECUTE m INPUTS 1 a OUTPUTS 1 b`)).toBe(
      denied('m'),
    );
    const looksLikeSection = '|> AI.TENSORSET t STRING 2 VALUES PERSIST 3';
    expect(await dryrun(`AI.DAGEXECUTE LOAD 1 r1 ${looksLikeSection} ${run.replace(' r ', ' w1 ')}`)).toBe(
      denied('w1'),
    );
    expect(await dryrun(`AI.DAGEXECUTE_RO LOAD 1 r1 ${run}`)).toBe('OK');
  });

  test('a script may do anything with its KEYS, so they need both rights', async () => {
    await userWith('+@ai', '%R~r*', '%W~w*', '~b*');
    expect(await dryrun('AI.SCRIPTEXECUTE r f KEYS 1 b INPUTS 1 r1 ARGS 1 x OUTPUTS 1 w1')).toBe('OK');
    expect(await dryrun('AI.SCRIPTEXECUTE r f KEYS 1 r1 INPUTS 1 r1')).toBe(denied('r1'));
    expect(await dryrun('AI.SCRIPTEXECUTE r f INPUTS 1 w1 OUTPUTS 1 w1')).toBe(denied('w1'));
  });
});

describe('transactions', () => {
  test('a command that is not allowed is not queued and aborts EXEC', async () => {
    const ada = await userWith('+@transaction', '+get', '~a');
    expect(await ada.send('MULTI')).toBe('OK');
    expect(await ada.error('DEL', 'a')).toBe(noCommand('del'));
    expect(await ada.error('GET', 'b')).toBe(KEYS);
    expect(await ada.error('EXEC')).toBe('EXECABORT Transaction discarded because of previous errors.');
  });

  test('permissions are asked again at EXEC', async () => {
    const ada = await userWith('+@transaction', '+get', '+set', '+ping', '~a');
    const gone =
      'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ';
    await ada.send('MULTI');
    expect(await ada.send('GET', 'a')).toBe('QUEUED');
    expect(await ada.send('SET', 'a', 1)).toBe('QUEUED');
    expect(await ada.send('PING')).toBe('QUEUED');
    await admin.send('ACL', 'SETUSER', 'ada', '-set', 'resetkeys');
    const replies = (await ada.send('EXEC')) as (Error | string)[];
    expect(replies.map((reply) => (reply instanceof Error ? reply.message : reply))).toEqual([
      `${gone}no permission to touch the specified keys`,
      `${gone}no permission to execute the command or subcommand`,
      'PONG',
    ]);
    expect(await admin.send('EXISTS', 'a')).toBe(0);
  });

  test('a login inside counts from there on', async () => {
    await admin.send('ACL', 'SETUSER', 'reader', 'on', '>pw', '+get', '~*');
    const ada = await userWith('+@all', '~*');
    await ada.send('MULTI');
    await ada.send('SET', 'k', 1);
    expect(await ada.send('AUTH', 'reader', 'pw')).toBe('QUEUED');
    await ada.send('SET', 'k', 2);
    const [set, auth, refused] = (await ada.send('EXEC')) as unknown[];
    expect([set, auth]).toEqual(['OK', 'OK']);
    expect((refused as Error).message).toMatch(/^NOPERM ACLs rules changed/);
    expect(await ada.send('GET', 'k')).toBe('1');
  });
});

describe('ACL LOG', () => {
  type Entry = Record<string, unknown>;
  async function log(...args: (string | number)[]): Promise<Entry[]> {
    const entries = (await admin.send('ACL', 'LOG', ...args)) as unknown[][];
    return entries.map((fields) =>
      Object.fromEntries(fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1]]] : []))),
    );
  }
  const facts = (entries: Entry[]) =>
    entries.map((e) => [e.count, e.reason, e.context, e.object, e.username]);

  test('tells what was refused to whom, the latest first, and counts what repeats', async () => {
    const ada = await userWith('+get', '+@transaction', '~a');
    await ada.error('DEL', 'k');
    await ada.error('GET', 'b');
    await ada.error('GET', 'b');
    await ada.error('DEL', 'k');
    await ada.send('MULTI');
    await ada.error('DEL', 'k');
    await ada.error('AUTH', 'nobody', 'x');
    await ada.send('DISCARD');
    await ada.error('AUTH', 'nobody', 'x');
    await ada.error('HELLO', 3, 'AUTH', 'ada', 'wrong');
    expect(facts(await log())).toEqual([
      [1, 'auth', 'toplevel', 'HELLO', 'ada'],
      [1, 'auth', 'toplevel', 'AUTH', 'nobody'],
      [1, 'command', 'multi', 'del', 'ada'],
      [2, 'command', 'toplevel', 'del', 'ada'],
      [2, 'key', 'toplevel', 'b', 'ada'],
    ]);
    expect(await log(2)).toHaveLength(2);
    expect(await log(-1)).toEqual([]);
    const [latest] = await log(1);
    expect(latest?.['client-info']).toMatch(/^id=\d+ addr=127\.0\.0\.1:\d+ .* cmd=hello user=ada /);
    expect(Number(latest?.['age-seconds'])).toBeGreaterThanOrEqual(0);
    expect(latest?.['entry-id']).toBe(4);
    expect(Number(latest?.['timestamp-last-updated'])).toBeGreaterThanOrEqual(
      Number(latest?.['timestamp-created']),
    );
  });

  test('keeps acllog-max-len entries, and none after RESET', async () => {
    const ada = await userWith('+get', '~a');
    for (let i = 0; i < 5; i++) await ada.error('GET', `k${i}`);
    expect(await admin.send('CONFIG', 'SET', 'acllog-max-len', 3)).toBe('OK');
    expect((await log()).map((entry) => entry.object)).toEqual(['k4', 'k3', 'k2']);
    await ada.error('GET', 'k9');
    expect((await log()).map((entry) => entry.object)).toEqual(['k9', 'k4', 'k3']);
    expect(await admin.send('ACL', 'LOG', 'RESET')).toBe('OK');
    expect(await log()).toEqual([]);
    expect(await admin.error('ACL', 'LOG', 'x')).toBe('ERR value is not an integer or out of range');
  });
});
