import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServe } from '../support/serve.ts';

let node: TesseraNode;
let client: RespClient;

beforeEach(async () => {
  node = await startNode();
  client = await RespClient.connect(node.port);
});

afterEach(async () => {
  client.close();
  await node.close();
});

/** The error of a script, without its SHA1. */
async function scriptError(source: string): Promise<string> {
  return (await client.error('EVAL', source, 0)).replace(/ script: [0-9a-f]{40},/, ' script: sha,');
}

describe('a script that runs longer than lua-time-limit', () => {
  const ended = 'ERR Script ended: it ran longer than lua-time-limit, 50 ms';

  beforeEach(() => client.send('CONFIG', 'SET', 'lua-time-limit', 50));

  test('is ended, and the node goes on', async () => {
    expect(await scriptError('while true do end')).toBe(`${ended} script: sha, on @user_script:1.`);
    const other = await RespClient.connect(node.port);
    expect(await other.send('PING')).toBe('PONG');
    other.close();
    expect(await client.send('EVAL', 'return 1', 0)).toBe(1);
  });

  test.each([
    'pcall(function() while true do end end) return 1',
    'local function again() return pcall(again) end while true do pcall(again) end',
    'xpcall(function() while true do end end, function() while true do end end) return 1',
    'local co = coroutine.create(function() while true do end end) coroutine.resume(co) return 1',
    'coroutine.wrap(function() pcall(function() while true do end end) end)() return 1',
    'table.sort({1, 2}, function() while true do end end) return 1',
    'string.gsub("x", "x", function() while true do end end) return 1',
    'return setmetatable({}, {__index = function() while true do end end}).x',
  ])('cannot go on by itself: %s', async (source) => {
    expect(await scriptError(source)).toContain('Script ended: it ran longer than lua-time-limit, 50 ms');
    expect(await client.send('EVAL', 'return 1', 0)).toBe(1);
  });

  test('has written what it wrote before', async () => {
    await scriptError('redis.call("set", "k", "v") while true do end');
    expect(await client.send('GET', 'k')).toBe('v');
  });

  test('is an error like others in a transaction', async () => {
    await client.send('MULTI');
    await client.send('EVAL', 'while true do end', 0);
    await client.send('SET', 'k', 'v');
    const [error, ok] = (await client.send('EXEC')) as unknown[];
    expect((error as Error).message).toContain(ended);
    expect(ok).toBe('OK');
  });
});

test('lua-time-limit 0 lets scripts run', async () => {
  const long = 'local n = 0 for i = 1, 3000000 do n = n + i end return n';
  await client.send('CONFIG', 'SET', 'lua-time-limit', 1);
  expect(await scriptError(long)).toContain('Script ended: it ran longer than lua-time-limit, 1 ms');
  await client.send('CONFIG', 'SET', 'lua-time-limit', 0);
  expect(await client.send('EVAL', long, 0)).toBe(4500001500000);
});

describe('recursion without end', () => {
  test.each([
    ['local function f() return 1 + f() end return f()', 'user_script:1: stack overflow'],
    [
      'return setmetatable({}, {__index = function(t, k) return t[k] end}).x',
      'user_script:1: C stack overflow',
    ],
    [
      'return string.gsub("x", "x", function(s) return ("x"):rep(1 / 0), s .. nil end)',
      'attempt to concatenate',
    ],
  ])('%s', async (source, text) => {
    expect(await scriptError(source)).toContain(text);
    expect(await client.send('PING')).toBe('PONG');
  });

  test('in the source is a syntax error', async () => {
    expect(await scriptError(`return ${'('.repeat(1000)}1${')'.repeat(1000)}`)).toMatch(
      /^ERR Error compiling script \(new function\): user_script:1: /,
    );
  });

  test('in what is returned ends with an error', async () => {
    const reply = JSON.stringify(await client.send('EVAL', 'local t = {} t[1] = t return t', 0));
    expect(reply.startsWith('[[[[')).toBe(true);
    expect(reply).toMatch(/^\[{1001}.*\]{1001}$/);
  });
});

describe('memory', () => {
  test.each([
    'return string.rep("x", 2 ^ 29 + 1)',
    'return string.rep("xx", 2 ^ 30)',
    'return table.concat({("x"):rep(2 ^ 24)}, "", 1, 1):rep(100)',
  ])('a string is at most 512 MB long: %s', async (source) => {
    expect(await scriptError(source)).toBe(
      'ERR user_script:1: string length overflow script: sha, on @user_script:1.',
    );
  });

  describe('of a node that has little', () => {
    let small: ServedNode;
    const before = process.env.NODE_OPTIONS;

    beforeEach(async () => {
      process.env.NODE_OPTIONS = '--max-old-space-size=256';
      small = await startServe();
    });

    afterEach(async () => {
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
      await small.stop();
    });

    test('is not used up by a script', async () => {
      const other = await RespClient.connect(small.port);
      await other.send('CONFIG', 'SET', 'lua-time-limit', 0);
      for (let i = 0; i < 2; i++) {
        expect(await other.error('EVAL', 'local t = {} while true do t[#t + 1] = {} end', 0)).toMatch(
          /^ERR not enough memory script: [0-9a-f]{40}, on @user_script:1\.$/,
        );
      }
      expect(await other.send('PING')).toBe('PONG');
      other.close();
    });
  });
});

describe('what a script throws', () => {
  test.each(['error({})', 'error({foo = "x"})', 'error({err = {}})'])(
    '%s, which ends Redis 7.0.15, is an error without a text',
    async (source) => {
      expect(await scriptError(source)).toBe('ERR unknown error script: sha, on @user_script:1.');
    },
  );

  test('may be a table that is read only', async () => {
    expect(await scriptError('error(redis)')).toBe('ERR unknown error');
  });
});

describe('the sandbox', () => {
  const names = ['io', 'os', 'package', 'require', 'debug', 'dofile', 'loadfile', 'print', 'utf8', 'fengari'];
  test.each(names)('has no %s', async (name) => {
    expect(await scriptError(`return ${name}`)).toBe(
      `ERR user_script:1: Script attempted to access nonexistent global variable '${name}' script: sha, on @user_script:1.`,
    );
  });

  test('runs source only, no bytecode', async () => {
    expect(
      await client.send('EVAL', 'return {tostring(string.dump), (loadstring("\\27Lua")) == nil}', 0),
    ).toEqual(['nil', 1]);
  });

  test.each([
    'x = 1',
    '_G.x = 1',
    'rawset(_G, "x", 1)',
    'redis.call = nil',
    'string.format = nil',
    'cjson.encode = nil',
    'getmetatable("").__index = {}',
    'getmetatable(_G).__index = nil',
    'table.insert(table, 1)',
    'setmetatable(_G, {})',
    'loadstring("x = 1")()',
  ])('is read only: %s', async (source) => {
    expect(await scriptError(source)).toContain('Attempt to modify a readonly table');
    expect(await client.send('EVAL', 'return string.format("%s", cjson.encode({1}))', 0)).toBe('[1]');
  });

  test('keeps no keys and arguments for the next script', async () => {
    await client.send('EVAL', 'KEYS.x = 1 ARGV[5] = 2 return 1', 1, 'a', 'b');
    expect(
      await client.send('EVAL', 'return {#KEYS, #ARGV, tostring(KEYS.x), tostring(ARGV[5])}', 0),
    ).toEqual([0, 0, 'nil', 'nil']);
  });
});

test('SCRIPT FLUSH forgets scripts and the settings of their libraries', async () => {
  await client.send('EVAL', 'cjson.encode_number_precision(3) return 1', 0);
  expect(await client.send('EVAL', 'return cjson.encode(1 / 3)', 0)).toBe('0.333');
  await client.send('SCRIPT', 'FLUSH');
  expect(await client.send('EVAL', 'return cjson.encode(1 / 3)', 0)).toBe('0.33333333333333');
});
