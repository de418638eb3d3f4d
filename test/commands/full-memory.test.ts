import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { type Typed, TypedClient } from '../support/typed-client.ts';

if (noRedis !== undefined) console.warn(`skipped: ${noRedis}`);

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.";
const FULL = ['CONFIG', 'SET', 'maxmemory', '1'];
/** Not 0: Redis then goes on with what it last found. */
const EMPTY = ['CONFIG', 'SET', 'maxmemory', '1gb'];
const WRITE = "return redis.call('set', 'x', 'y')";

/** What the client sends and gets; where a name leads the way, another client does. */
type Step = readonly [command: readonly string[], reply: Typed];

const other = (command: readonly string[], reply: Typed = '+OK'): Step => [['other', ...command], reply];

const CASES: Record<string, readonly Step[]> = {
  'reads run, what could take memory does not': [
    [['SET', 'k', 'v'], '+OK'],
    other(FULL),
    [['GET', 'k'], '$v'],
    [['SET', 'k', 'w'], OOM],
    [['LPUSH', 'l', '1'], OOM],
    [['COPY', 'k', 'l'], OOM],
    [['EXPIRE', 'k', '100'], ':1'],
    [['RENAME', 'k', 'l'], '+OK'],
    [['PUBLISH', 'c', 'm'], ':0'],
    [['DEL', 'l'], ':1'],
  ],
  'in a transaction nothing is queued, and EXEC is then aborted': [
    [['MULTI'], '+OK'],
    other(FULL),
    [['GET', 'k'], OOM],
    [['MULTI'], OOM],
    [['WATCH', 'k'], OOM],
    [['NOSUCH'], "-ERR unknown command 'NOSUCH', with args beginning with: "],
    [['EXEC'], '-EXECABORT Transaction discarded because of previous errors.'],
    [['EXEC'], '-ERR EXEC without MULTI'],
  ],
  'a transaction can be given up': [
    [['MULTI'], '+OK'],
    other(FULL),
    [['DISCARD'], '+OK'],
    other(EMPTY),
    [['MULTI'], '+OK'],
    other(FULL),
    [['RESET'], '+RESET'],
    [['EXEC'], '-ERR EXEC without MULTI'],
  ],
  'EXEC is refused where a queued command could take memory': [
    [['SET', 'k', 'v'], '+OK'],
    [['WATCH', 'k'], '+OK'],
    [['MULTI'], '+OK'],
    [['GET', 'k'], '+QUEUED'],
    [['SET', 'k', 'w'], '+QUEUED'],
    other(FULL),
    [['EXEC'], `-EXECABORT Transaction discarded because of: ${OOM.slice(1)}`],
    [['EXEC'], '-ERR EXEC without MULTI'],
    other(EMPTY),
    other(['SET', 'k', 'x']),
    // The watch has ended with it.
    [['MULTI'], '+OK'],
    [['GET', 'k'], '+QUEUED'],
    [['EXEC'], ['$x']],
  ],
  'EXEC of reads runs': [
    [['SET', 'k', 'v'], '+OK'],
    [['MULTI'], '+OK'],
    [['GET', 'k'], '+QUEUED'],
    other(FULL),
    [['EXEC'], ['$v']],
  ],
  'EXEC with an argument too many ends the transaction': [
    [['MULTI'], '+OK'],
    [
      ['EXEC', 'x'],
      "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
    ],
    [['EXEC'], '-ERR EXEC without MULTI'],
  ],
  'a script may not begin to write, but go on': [
    [['SET', 'k', 'v'], '+OK'],
    other(FULL),
    [['EVAL', "return redis.pcall('set', 'x', 'y').err", '0'], `$${OOM.slice(1)}`],
    [['EVAL', "return redis.call('get', 'k')", '0'], '$v'],
    [['EVAL', `redis.call('del', 'k') ${WRITE}`, '0'], '+OK'],
    [['GET', 'x'], '$y'],
  ],
  'a script with flags is refused as a whole, or not at all': [
    other(FULL),
    [['EVAL', '#!lua\nreturn 1', '0'], OOM],
    [['EVAL', '#!lua flags=no-writes\nreturn 1', '0'], ':1'],
    [['EVAL', `#!lua flags=allow-oom\n${WRITE}`, '0'], '+OK'],
    [['EVAL_RO', '#!lua\nreturn 1', '0'], OOM],
  ],
  'a script goes by how it was when it began, in a transaction by how it was at EXEC': [
    [['MULTI'], '+OK'],
    [['EVAL', "return redis.pcall('set', 'x', 'y')", '0'], '+QUEUED'],
    other(FULL),
    [['EXEC'], [OOM]],
    other(EMPTY),
    [['MULTI'], '+OK'],
    [['CONFIG', 'SET', 'maxmemory', '1'], '+QUEUED'],
    [['EVAL', WRITE, '0'], '+QUEUED'],
    [['EXEC'], ['+OK', '+OK']],
    [['EVAL', `return redis.pcall('set', 'x', 'y')`, '0'], OOM],
  ],
};

async function replies(
  port: number,
  steps: readonly Step[],
): Promise<(readonly [readonly string[], Typed])[]> {
  const clients = [await TypedClient.connect(port), await TypedClient.connect(port)] as const;
  const given: (readonly [readonly string[], Typed])[] = [];
  try {
    await clients[1].send(...EMPTY);
    await clients[1].send('FLUSHALL');
    // Without any key nothing is too much for Tessera.
    await clients[1].send('SET', 'base', 'v');
    for (const [command] of steps) {
      const isOther = command[0] === 'other';
      given.push([command, await clients[isOther ? 1 : 0].send(...(isOther ? command.slice(1) : command))]);
    }
  } finally {
    for (const client of clients) client.close();
  }
  return given;
}

describe('when memory is full', () => {
  const shared = useSharedNode();

  test.each(Object.entries(CASES))('%s', async (_, steps) => {
    expect(await replies(shared.node.port, steps)).toEqual(steps);
  });

  describe.skipIf(noRedis !== undefined)('Redis answers that', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    test.each(Object.entries(CASES))('%s', async (_, steps) => {
      expect(await replies(redis.port, steps)).toEqual(steps);
    });
  });
});
