import { afterEach, describe, expect, test } from 'vitest';
import { model, startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { startServe } from '../support/serve.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode(() => startNode({}, 0, { debugCommand: 'local' }));

describe('MONITOR', () => {
  test('shows commands as they run, quoted, without secrets and administrative ones', async () => {
    const monitor = await shared.connectTyped();
    expect(await monitor.send('MONITOR')).toBe('+OK');
    const client = await shared.connectTyped();
    await client.send('SET', 'k', Buffer.from('a"b\\\r\n\t\x07\x08\x01\xff', 'latin1'));
    await client.send('AUTH', 'default', 'secret');
    await client.send('CONFIG', 'GET', 'port');
    await client.send('GET');
    await client.send('MULTI');
    await client.send('GET', 'k');
    await client.send('EXEC');
    const address = /addr=(\S+)/.exec(String(await client.send('CLIENT', 'INFO')))?.[1];
    const lines = (await monitor.replies(6)).map((line) => String(line).replace(/^\+\d+\.\d{6} /, ''));
    expect(lines).toEqual([
      `[0 ${address}] "SET" "k" "a\\"b\\\\\\r\\n\\t\\a\\b\\x01\\xff"`,
      `[0 ${address}] "AUTH" "(redacted)" "(redacted)"`,
      `[0 ${address}] "MULTI"`,
      `[0 ${address}] "GET" "k"`,
      `[0 ${address}] "EXEC"`,
      `[0 ${address}] "CLIENT" "INFO"`,
    ]);
  });

  test('the monitor may not touch keys until RESET, and is shown with the flag O', async () => {
    const monitor = await shared.connectTyped();
    await monitor.send('MONITOR');
    expect(await monitor.send('GET', 'k')).toBe("-ERR Replica can't interact with the keyspace");
    expect(await monitor.send('CLIENT', 'INFO')).toMatch(/ flags=O /);
    expect(await monitor.reply()).toMatch(/ "CLIENT" "INFO"$/);
    expect(await monitor.send('RESET')).toBe('+RESET');
    expect(await monitor.send('GET', 'k')).toBe(null);
    const client = await shared.connect();
    await client.send('PING');
    expect(await monitor.send('PING')).toBe('+PONG');
  });

  test('is refused inside a transaction', async () => {
    const client = await shared.connectTyped();
    await client.send('MULTI');
    await client.send('MONITOR');
    expect(await client.send('EXEC')).toEqual(["-ERR MONITOR isn't allowed for DENY BLOCKING client"]);
  });
});

describe('MEMORY', () => {
  test('USAGE of all keys together is what the node counts', async () => {
    const client = await shared.connect();
    await client.send('SET', 'string', 'x'.repeat(1000));
    await client.send('AI.TENSORSET', 'tensor', 'FLOAT', 1000);
    await client.send('COPY', 'tensor', 'copy');
    const usage = async (key: string) => Number(await client.send('MEMORY', 'USAGE', key, 'SAMPLES', 0));
    const [string, tensor, copy] = [await usage('string'), await usage('tensor'), await usage('copy')];
    expect(string + tensor + copy).toBe(shared.node.context.keyspace.usedBytes);
    expect(tensor - copy).toBe('tensor'.length - 'copy'.length);
    expect(await client.send('MEMORY', 'USAGE', 'none')).toBe(null);
  });

  test('USAGE of a model counts its sessions', async () => {
    const client = await shared.connect();
    const blob = model('mlp_dyn');
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', blob);
    const bytes = Number(await client.send('MEMORY', 'USAGE', 'm'));
    expect(bytes - shared.node.context.keyspace.usedBytes).toBe(blob.length);
  });

  test('tells the rest in words and figures', async () => {
    const client = await shared.connect();
    await client.send('AI.TENSORSET', 'tensor', 'FLOAT', 1000);
    const stats = (await client.send('MEMORY', 'STATS')) as unknown[];
    expect(stats[stats.indexOf('keys.count') + 1]).toBe(1);
    expect(stats[stats.indexOf('total.allocated') + 1]).toBe(shared.node.context.keyspace.usedBytes);
    expect(await client.send('MEMORY', 'DOCTOR')).toMatch(/^Keys, values and clients hold 4\.58K/);
    expect(await client.send('MEMORY', 'MALLOC-STATS')).toMatch(/^total_heap_size:\d+\n/);
    expect(await client.send('MEMORY', 'PURGE')).toBe('OK');
    expect(await client.error('MEMORY', 'USAGE', 'k', 'SAMPLES', '-1')).toBe('ERR syntax error');
    expect(await client.error('MEMORY', 'USAGE')).toBe(
      "ERR wrong number of arguments for 'memory|usage' command",
    );
  });
});

describe('what this engine has not', () => {
  const nothing = 'Nothing saved: the data lives in memory only';
  const module =
    'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.';

  test.each([
    [['SAVE'], nothing],
    [['BGSAVE'], nothing],
    [['BGSAVE', 'SCHEDULE'], nothing],
    [['BGREWRITEAOF'], nothing],
    [['ROLE'], ['master', 0, []]],
    [['REPLICAOF', 'no', 'one'], 'OK'],
    [['SWAPDB', '0', '0'], 'OK'],
    [['WAIT', '1', '10'], 0],
  ])('%j is answered truly', async (command, reply) => {
    const client = await shared.connect();
    expect(await client.send(...command)).toEqual(reply);
  });

  test.each([
    [['BGSAVE', 'x'], 'ERR syntax error'],
    [['MODULE', 'LOAD', 'x'], module],
    [['MODULE', 'UNLOAD', 'ai'], module],
    [['REPLICAOF', 'host', 'x'], 'ERR Invalid master port'],
    [['REPLICAOF', 'host', '1'], 'ERR REPLICAOF is not available: this engine has no replicas'],
    [['SWAPDB', 'x', '0'], 'ERR invalid first DB index'],
    [['SWAPDB', '0', 'x'], 'ERR invalid second DB index'],
    [['SWAPDB', '0', '1'], 'ERR DB index is out of range'],
    [['MOVE', 'k', '0'], 'ERR source and destination objects are the same'],
    [['MOVE', 'k', '1'], 'ERR DB index is out of range'],
    [['FAILOVER'], 'ERR FAILOVER requires connected replicas.'],
    [['FAILOVER', 'ABORT'], 'ERR No failover in progress.'],
    [['SHUTDOWN', 'ABORT'], 'ERR No shutdown in progress.'],
    [['SHUTDOWN', 'SAVE', 'NOSAVE'], 'ERR syntax error'],
    [['CONFIG', 'REWRITE'], 'ERR The server is running without a config file'],
    [['WAIT', '0', '-1'], 'ERR timeout is negative'],
  ])('%j is refused', async (command, message) => {
    const client = await shared.connect();
    expect(await client.error(...command)).toBe(message);
  });
});

describe('CONFIG', () => {
  afterEach(() => {
    shared.node.context.config.maxclients = 10_000;
  });

  test('SET changes all or nothing', async () => {
    const client = await shared.connect();
    expect(await client.error('CONFIG', 'SET', 'maxclients', 50, 'maxmemory', 'x')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
    );
    expect(await client.error('CONFIG', 'SET', 'maxclients', 50, 'maxclients', 60)).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'maxclients') - duplicate parameter",
    );
    expect(await client.error('CONFIG', 'SET', 'maxclients', 50, 'port', 1)).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config",
    );
    expect(await client.send('CONFIG', 'GET', 'MaxClients')).toEqual(['MaxClients', '10000']);
    expect(await client.send('CONFIG', 'SET', 'maxclients', 50, 'slowlog-max-len', 128)).toBe('OK');
    expect(await client.send('CONFIG', 'GET', 'maxcl*', 'slowlog-max*')).toEqual([
      ...['maxclients', '50', 'slowlog-max-len', '128'],
    ]);
  });
});

describe('DEBUG', () => {
  test('SLEEP holds the whole node', async () => {
    const client = await shared.connect();
    const other = await shared.connect();
    const begun = performance.now();
    const [slept, pong] = await Promise.all([client.send('DEBUG', 'SLEEP', '0.3'), other.send('PING')]);
    expect([slept, pong]).toEqual(['OK', 'PONG']);
    expect(performance.now() - begun).toBeGreaterThan(250);
  });

  test('SET-ACTIVE-EXPIRE 0 leaves expired keys until they are looked at', async () => {
    const client = await shared.connect();
    expect(await client.send('DEBUG', 'SET-ACTIVE-EXPIRE', 0)).toBe('OK');
    await client.send('SET', 'k', 'v', 'PX', 100);
    // Longer than the interval at which keys expire by themselves.
    await client.send('DEBUG', 'SLEEP', '0.25');
    expect(await client.send('DBSIZE')).toBe(1);
    expect(await client.send('EXISTS', 'k')).toBe(0);
    expect(await client.send('DBSIZE')).toBe(0);
    await client.send('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
  });

  test('is refused where the node was not started with it', async () => {
    const node = await startNode();
    const client = await RespClient.connect(node.port);
    expect(await client.error('DEBUG', 'SLEEP', 0)).toMatch(/^ERR DEBUG command not allowed\. /);
    client.close();
    await node.close();
  });
});

describe('SHUTDOWN', () => {
  test('closes the node, without a reply', async () => {
    const node = await startNode();
    const client = await RespClient.connect(node.port);
    await expect(client.send('SHUTDOWN', 'NOSAVE', 'NOW')).rejects.toThrow('connection closed');
    await expect(RespClient.connect(node.port)).rejects.toThrow('ECONNREFUSED');
  });

  test('ends the process with exit code 0', async () => {
    const served = await startServe();
    const client = await RespClient.connect(served.port);
    client.send('SHUTDOWN').catch(() => {});
    expect(await served.exited).toBe(0);
  });
});

test('LOLWUT ends with the version', async () => {
  const client = await shared.connect();
  expect(await client.send('LOLWUT')).toMatch(/\nRedis ver\. 7\.0\.15\n$/);
});
