import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;

beforeEach(async () => {
  client = await shared.connectTyped();
  const admin = await shared.connectTyped();
  await admin.send('ACL', 'SETUSER', 'u', 'reset', 'on', 'nopass', '~a*', '+@all', '-get');
  await client.send('AUTH', 'u', 'any');
});

/** The texts are those of Redis 7.0.15; it adds where in which script. */
describe("what a script's user may not do, the script may not", () => {
  test.each([
    ["redis.call('get', 'a')", "can't run this command or subcommand"],
    [
      "redis.call('set', 'b', '1')",
      "can't access at least one of the keys mentioned in the command arguments",
    ],
    ["redis.call('publish', 'b', '1')", "can't publish to the channel mentioned in the command"],
  ])('%s', async (script, reason) => {
    const reply = String(await client.send('EVAL', `return ${script}`, 0));
    expect(reply.replace(/script: \w{40}/, 'script: SHA')).toBe(
      `-ERR The user executing the script ${reason} script: SHA, on @user_script:1.`,
    );
  });

  test('redis.acl_check_cmd tells beforehand', async () => {
    const check = (args: string) => `redis.acl_check_cmd(${args}) and 1 or 0`;
    const script = `return {${[check("'get','a'"), check("'set','a','1'"), check("'set','b','1'")].join(',')}}`;
    expect(await client.send('EVAL', script, 0)).toEqual([':0', ':1', ':0']);
  });
});
