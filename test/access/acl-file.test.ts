import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { startAccessNode, temporaryFolder } from './nodes.ts';

const hash = createHash('sha256').update('pw').digest('hex');

let folder: string;
let file: string;
let node: TesseraNode | undefined;
const opened: RespClient[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'users.acl');
});
afterEach(async () => {
  for (const client of opened.splice(0)) client.close();
  await node?.close();
  node = undefined;
});

async function start(text: string): Promise<RespClient> {
  writeFileSync(file, text);
  node = await startAccessNode({ access: { aclfile: file } });
  return connect();
}

async function connect(): Promise<RespClient> {
  const client = await RespClient.connect(node?.port ?? 0);
  opened.push(client);
  return client;
}

describe('the ACL file', () => {
  test('gives the users from the start', async () => {
    const admin = await start(
      'user default on nopass ~* &* +@all\n\n  user ada on >pw +get   (+set ~b)  \r\n',
    );
    expect(await admin.send('ACL', 'LIST')).toEqual([
      `user ada on #${hash} resetchannels -@all +get (~b resetchannels -@all +set)`,
      'user default on nopass ~* &* +@all',
    ]);
    expect(await admin.send('CONFIG', 'GET', 'aclfile')).toEqual(['aclfile', file]);
    expect(await admin.error('CONFIG', 'SET', 'aclfile', 'x')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'aclfile') - can't set immutable config",
    );
  });

  test('names the default user in place of requirepass', async () => {
    writeFileSync(file, 'user default on >file ~* +@all');
    node = await startAccessNode({ access: { aclfile: file, requirepass: 'config' } });
    const client = await connect();
    expect(await client.error('AUTH', 'config')).toMatch(/^WRONGPASS/);
    expect(await client.send('AUTH', 'file')).toBe('OK');
  });

  test('that is missing or wrong keeps a node from starting', async () => {
    await expect(startAccessNode({ access: { aclfile: file } })).rejects.toThrow(
      `Error loading ACLs, opening file '${file}': No such file or directory`,
    );
    writeFileSync(file, 'user ada +nope');
    await expect(startAccessNode({ access: { aclfile: file } })).rejects.toThrow(
      `${file}:1: Error in applying operation '+nope': Unknown command or category name in ACL. WARNING: ACL errors detected, no change to the previously active ACL rules was performed`,
    );
  });
});

describe('ACL SAVE', () => {
  test('writes what ACL LOAD reads, for the owner only', async () => {
    const admin = await start('user default on nopass ~* &* +@all');
    const rules = [
      'on',
      '>pw',
      '%R~a*',
      '%W~b',
      '~c',
      '&ch',
      '+@read',
      '-mget',
      '+select|0',
      '(+set ~x &y)',
      'allchannels',
    ];
    await admin.send('ACL', 'SETUSER', 'ada', ...rules);
    await admin.send('ACL', 'SETUSER', Buffer.from([0xff]), '~x', '%RW~*', '~y');
    const before = await admin.send('ACL', 'LIST');
    expect(await admin.send('ACL', 'SAVE')).toBe('OK');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['users.acl']);
    expect(readFileSync(file, 'latin1').split('\n')[0]).toBe(
      `user ada on #${hash} %R~a* %W~b ~c &* -@all +@read -mget +select|0 (~x resetchannels &y -@all +set)`,
    );
    await admin.send('ACL', 'DELUSER', 'ada');
    expect(await admin.send('ACL', 'LOAD')).toBe('OK');
    expect(await admin.send('ACL', 'LIST')).toEqual(before);
  });

  test('that fails leaves the old file and tells so', async () => {
    const admin = await start('user default on nopass ~* &* +@all');
    rmSync(file);
    mkdirSync(file);
    expect(await admin.error('ACL', 'SAVE')).toBe(
      'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
    );
    expect(readdirSync(folder)).toEqual(['users.acl']);
  });
});

describe('ACL LOAD', () => {
  test('replaces all users, and closes the connections of all but the default one', async () => {
    const admin = await start('user default on nopass ~* &* +@all\nuser ada on >pw +@all');
    const ada = await connect();
    await ada.send('AUTH', 'ada', 'pw');
    const closed = ada.reply().catch((error: Error) => error.message);
    writeFileSync(file, 'user default on nopass ~* &* +@all\nuser ada on >pw +get\nuser bob');
    expect(await admin.send('ACL', 'LOAD')).toBe('OK');
    expect(await closed).toBe('connection closed');
    expect(await admin.send('ACL', 'USERS')).toEqual(['ada', 'bob', 'default']);
  });

  test('takes nothing from a file with errors, and names them all', async () => {
    const admin = await start('user default on nopass ~* &* +@all');
    const lines = [
      'user default on nopass ~* &* +@all',
      '# comment',
      'user b on',
      'user b on',
      'user',
      'user c +nope ~* <x',
      'user d (+get',
      'user e on #5 (+nope)',
      'user g\ton',
    ];
    writeFileSync(file, lines.join('\n'));
    const at = (line: number) => `${file}:${line}`;
    expect(await admin.error('ACL', 'LOAD')).toBe(
      `ERR ${at(2)} should start with user keyword followed by the username. ` +
        "WARNING: Duplicate user 'b' found on line 4. " +
        `${at(5)} should start with user keyword followed by the username. ` +
        `${at(6)}: Error in applying operation '+nope': Unknown command or category name in ACL. ` +
        `${at(6)}: The password you are trying to remove from the user does not exist. ` +
        `${at(7)}: Unmatched parenthesis in selector definition.` +
        `${at(8)}: The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters. ` +
        `${at(8)}: Error in applying operation '(+nope)': Unknown command or category name in ACL. ` +
        `'${at(9)}: username 'g\ton' contains invalid characters. ` +
        'WARNING: ACL errors detected, no change to the previously active ACL rules was performed',
    );
    expect(await admin.send('ACL', 'USERS')).toEqual(['default']);
  });

  test('and SAVE say that there is no file where none is configured', async () => {
    node = await startAccessNode();
    const admin = await connect();
    const text =
      'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.';
    expect(await admin.error('ACL', 'LOAD')).toBe(text);
    expect(await admin.error('ACL', 'SAVE')).toBe(text);
  });
});
