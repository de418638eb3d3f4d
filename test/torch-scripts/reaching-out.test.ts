import { beforeEach, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { callOf, storeFunction } from '../support/torch-scripts.ts';

const shared = useSharedNode();
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 2, 3);
});

/** What str() says of the reply to a command. */
async function replyAsText(...command: (string | Uint8Array)[]): Promise<unknown> {
  await storeFunction(client, 's', 'redis.execute("SET", "reply", str(redis.execute(args[0], args[1:])))');
  const reply = await client.send(...callOf('s', { args: command }));
  // Whether str() puts quotes around the texts in a list is another matter.
  return reply === 'OK' ? String(await client.send('GET', 'reply')).replaceAll("'", '') : reply;
}

describe('redis.execute', () => {
  beforeEach(async () => {
    await client.send('SET', 'text', 'größe');
    await client.send('SET', 'bytes', Buffer.from([0, 13, 10, 255]));
    await client.send('RPUSH', 'list', 'x', 'y');
    await client.send('HSET', 'hash', 'f', 1);
    await client.send('ZADD', 'zset', 1.5, 'm');
    await client.send('SADD', 'set', 'one');
  });

  test.each([
    ['SET other v', 'OK'],
    ['GET text', 'größe'],
    ['GET none', 'None'],
    ['STRLEN text', '7'],
    ['LRANGE list 0 -1', '[x, y]'],
    ['LRANGE none 0 -1', '[]'],
    ['MGET text none', '[größe, None]'],
    ['HGETALL hash', '[f, 1]'],
    ['SMEMBERS set', '[one]'],
    ['ZSCORE zset m', '1.5'],
    ['ZRANGE zset 0 -1 WITHSCORES', '[m, 1.5]'],
    ['HSCAN hash 0', '[0, [f, 1]]'],
    ['EXISTS text', '1'],
    ['AI.TENSORGET a META', '[dtype, FLOAT, shape, [1, 2]]'],
    ['AI.TENSORGET a VALUES', '[2, 3]'],
    ['PING', 'PONG'],
  ])('%s gives %s', async (command, text) => {
    expect(await replyAsText(...command.split(' '))).toBe(text);
  });

  test('takes texts, ints, floats, and lists of them', async () => {
    await storeFunction(
      client,
      's',
      'redis.execute("RPUSH", "l", "t", 1, -2, 0.5, 1.0, True, ["u", 2], keys)',
      'redis.execute("APPEND", keys[0], args[0])',
    );
    const bytes = Buffer.from([0, 128, 255]);
    expect(await client.send(...callOf('s', { keys: ['k1', 'k2'], args: [bytes] }))).toBe('OK');
    expect(await client.send('LRANGE', 'l', 0, -1)).toEqual([
      't',
      '1',
      '-2',
      '0.5',
      '1',
      '1',
      'u',
      '2',
      'k1',
      'k2',
    ]);
    expect(await client.send('GET', 'k1')).toEqual(bytes);
  });

  test('takes numbers that are taken from tensors', async () => {
    await storeFunction(
      client,
      's',
      'n = int(tensors[0].sum())',
      'redis.execute("RPUSH", "l", n, n + 1, float(tensors[0].mean()), [tensors[0].size(1)], str(n * 2), tensors[0][0, 1].item())',
    );
    expect(await client.send(...callOf('s', { inputs: ['a'] }))).toBe('OK');
    expect(await client.send('LRANGE', 'l', 0, -1)).toEqual(['5', '6', '2.5', '2', '10', '3']);
  });

  test('gives bytes that go on unchanged', async () => {
    await storeFunction(client, 's', 'redis.execute("SET", "copy", str(redis.execute("GET", "bytes")))');
    expect(await client.send(...callOf('s'))).toBe('OK');
    expect(await client.send('GET', 'copy')).toEqual(Buffer.from([0, 13, 10, 255]));
  });

  test.each([
    ['LPUSH text v', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['NOPE', 'ERR Unknown Redis command called from script'],
    ['GET', 'ERR Wrong number of args calling Redis command from script'],
    ['SUBSCRIBE c', 'ERR This Redis command is not allowed from script'],
    ['BLPOP list 0', 'ERR This Redis command is not allowed from script'],
    ['WAIT 1 0', 'ERR This Redis command is not allowed from script'],
    ['MULTI', 'ERR This Redis command is not allowed from script'],
    ['EVAL return 0', 'ERR This Redis command is not allowed from script'],
    ['CLIENT KILL ID 1', 'ERR This Redis command is not allowed from script'],
  ])('%s fails, and the script with it', async (command, message) => {
    expect(await replyAsText(...command.split(' '))).toMatchObject({
      message: `${message} (<string>:2 in f)`,
    });
  });

  test.each([
    'AI.MODELEXECUTE m INPUTS 1 a OUTPUTS 1 b',
    'AI.SCRIPTEXECUTE s f INPUTS 0',
    'AI.SCRIPTRUN s f INPUTS a OUTPUTS b',
    'AI.DAGEXECUTE LOAD 1 a |> AI.TENSORGET a',
    'AI.SCRIPTSET t CPU SOURCE x',
  ])('of %s is refused: the script would wait for its own device', async (command) => {
    expect(await replyAsText(...command.split(' '))).toMatchObject({
      message: 'ERR Cannot run RedisAI command within a transaction or a LUA script (<string>:2 in f)',
    });
  });

  test.each([
    ['redis.execute("SET", "k", tensors)', 'redis.execute: expected str, int or float, got Tensor'],
    ['redis.execute("SET", "k", None)', 'redis.execute: expected str, int or float, got NoneType'],
    ['redis.asList(redis.execute("GET", "text"))', 'redis.asList: expected a list, got str'],
  ])('%s is an error of the script', async (line, message) => {
    await storeFunction(client, 's', line);
    expect(await client.error(...callOf('s', { inputs: ['a'] }))).toBe(`${message} (<string>:2 in f)`);
  });

  test('happens once each time, also where the way depends on tensors', async () => {
    await storeFunction(
      client,
      's',
      'n = int(str(redis.execute("INCR", keys[0])))',
      'x = tensors[0] * n',
      'if bool(x.sum() > 8):',
      '    redis.execute("INCRBY", keys[0], 10)',
      'return x',
    );
    const counts: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      await client.send(...callOf('s', { inputs: ['a'], keys: ['n'], outputs: ['x'] }));
      counts.push([await client.send('GET', 'n'), await client.send('AI.TENSORGET', 'x', 'VALUES')]);
    }
    expect(counts).toEqual([
      ['1', ['2', '3']],
      ['12', ['4', '6']],
      ['23', ['26', '39']],
    ]);
  });

  test('a tensor that it wrote is read by others at once, and what waits for a key is served', async () => {
    await storeFunction(
      client,
      's',
      'redis.execute("RPUSH", keys[0], "v")',
      'redis.execute("LLEN", keys[0])',
    );
    const waiting = await shared.connect();
    const popped = waiting.send('BLPOP', 'queue', 0);
    await expect.poll(() => shared.node.context.waiters.size).toBe(1);
    expect(await client.send(...callOf('s', { keys: ['queue'] }))).toBe('OK');
    expect(await popped).toEqual(['queue', 'v']);
  });

  test('breaks the transactions of those who watch the key', async () => {
    await storeFunction(client, 's', 'redis.execute("SET", keys[0], "new")');
    const watching = await shared.connect();
    await watching.send('WATCH', 'k');
    await client.send(...callOf('s', { keys: ['k'] }));
    await watching.send('MULTI');
    await watching.send('GET', 'k');
    expect(await watching.send('EXEC')).toBeNull();
  });

  test('in a function of AI.SCRIPTRUN and in a DAG', async () => {
    const source =
      'def f(a):\n    redis.execute("INCR", "n")\n    return a + int(str(redis.execute("GET", "n")))\n';
    await client.send('AI.SCRIPTSET', 's', 'CPU', 'SOURCE', source);
    const steps = [
      '|>',
      'AI.SCRIPTRUN',
      's',
      'f',
      'INPUTS',
      'a',
      'OUTPUTS',
      'b',
      '|>',
      'AI.TENSORGET',
      'b',
      'VALUES',
    ];
    expect(await client.send('AI.SCRIPTRUN', 's', 'f', 'INPUTS', 'a', 'OUTPUTS', 'b')).toBe('OK');
    expect(await client.send('AI.DAGRUN', 'LOAD', 1, 'a', ...steps)).toEqual(['OK', ['4', '5']]);
  });
});

describe("what a script's user may not do, the script may not", () => {
  const NO_KEY =
    "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments";
  const NO_COMMAND = "ERR The user executing the script can't run this command or subcommand";

  test.each([
    ['redis.execute("GET", "s1")', NO_COMMAND],
    ['redis.execute("SET", "other", "v")', NO_KEY],
    ['redisAI.model_execute("other", [tensors[0], tensors[0]], 1)', NO_KEY],
  ])('%s', async (line, message) => {
    await client.send('AI.TENSORSET', 's1', 'FLOAT', 1);
    await storeFunction(client, 's', line);
    await client.send('ACL', 'SETUSER', 'u', 'reset', 'on', 'nopass', '~s*', '+@all', '-get');
    const user = await shared.connect();
    await user.send('AUTH', 'u', 'any');
    expect(await user.error(...callOf('s', { inputs: ['s1'] }))).toBe(`${message} (<string>:2 in f)`);
  });

  test('running models is a command of its own', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await storeFunction(client, 's', 'return redisAI.model_execute(keys[0], [tensors[0], tensors[0]], 1)');
    await client.send('ACL', 'SETUSER', 'u', 'reset', 'on', 'nopass', '~*', '+@all', '-ai.modelexecute');
    const user = await shared.connect();
    await user.send('AUTH', 'u', 'any');
    const call = callOf('s', { keys: ['m'], inputs: ['a'], outputs: ['b'] });
    expect(await user.error(...call)).toBe(`${NO_COMMAND} (<string>:2 in f)`);
    expect(await client.send(...call)).toBe('OK');
  });
});

describe('redisAI.model_execute', () => {
  const square = 'return redisAI.model_execute(keys[0], [tensors[0], tensors[0]], 1)';
  const values = () => client.send('AI.TENSORGET', 'b', 'VALUES');

  test.each(['CPU', 'CPU:1'])('runs a model of %s on one worker', async (device) => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', device, 'BLOB', model('mul'));
    await storeFunction(client, 's', square);
    const call = callOf('s', { keys: ['m'], inputs: ['a'], outputs: ['b'] });
    expect(await client.send(...call)).toBe('OK');
    expect(await values()).toEqual(['4', '9']);
    expect(await client.send(...call)).toBe('OK');
    const info = (await client.send('AI.INFO', 'm')) as unknown[];
    expect(info[info.indexOf('calls') + 1]).toBe(2);
  });

  test('takes what the script has computed, and the script goes on with what it gives', async () => {
    await client.send('AI.MODELSTORE', 'two', 'ONNX', 'CPU', 'BLOB', model('two_outputs'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', -2, 3);
    await storeFunction(
      client,
      's',
      'results = redisAI.model_execute("two", [tensors[0] * 10], 2)',
      'total = results[0] + results[1]',
      'for i in range(3):',
      '    total = redisAI.model_execute("two", [total + 1], 2)[1]',
      'return total',
    );
    expect(await client.send(...callOf('s', { inputs: ['x'], outputs: ['b'] }))).toBe('OK');
    // The model gives -x and |x|.
    expect(await values()).toEqual(['43', '3']);
  });

  test('of many clients at once ends for all of them', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await storeFunction(
      client,
      's',
      'x = tensors[0]',
      'for i in range(5):',
      '    x = redisAI.model_execute("m", [x, tensors[0]], 1)[0]',
      'return x',
    );
    const clients = await Promise.all(Array.from({ length: 12 }, () => shared.connect()));
    const replies = await Promise.all(
      clients.map((one, i) =>
        i % 3 === 0
          ? one.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, `m${i}`)
          : one.send(...callOf('s', { inputs: ['a'], outputs: [`s${i}`] })),
      ),
    );
    expect(replies).toEqual(replies.map(() => 'OK'));
    expect(await client.send('AI.TENSORGET', 's1', 'VALUES')).toEqual(['64', '729']);
  });

  test.each([
    ['redisAI.model_execute("none", [tensors[0]], 1)', 'ERR model key is empty'],
    [
      'redisAI.model_execute("a", [tensors[0]], 1)',
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ],
    [
      'redisAI.model_execute("m", [tensors[0]], 1)',
      'Number of keys given as INPUTS here does not match model definition',
    ],
    [
      'redisAI.model_execute("m", [tensors[0], tensors[0]], 2)',
      'Number of keys given as OUTPUTS here does not match model definition',
    ],
    [
      'redisAI.model_execute("m", [tensors[0].int(), tensors[0]], 1)',
      'Unexpected input data type. Actual: (tensor(int32)) , expected: (tensor(float))',
    ],
  ])('%s is an error of the script', async (line, message) => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await storeFunction(client, 's', line);
    expect(await client.error(...callOf('s', { inputs: ['a'] }))).toBe(`${message} (<string>:2 in f)`);
  });
});
