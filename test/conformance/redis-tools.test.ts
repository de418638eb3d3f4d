import calculateSlot from 'cluster-key-slot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { encode, RespClient } from '../support/resp-client.ts';
import { run } from '../support/run.ts';
import { type ServedNode, startServe } from '../support/serve.ts';
import { tagOn } from '../support/slots.ts';
import { findRedisBenchmark, findRedisCli } from '../support/tools.ts';

const redisCli = findRedisCli() as string;
const benchmark = findRedisBenchmark() as string;

let cluster: TestCluster;
let node: ServedNode;

beforeAll(async () => {
  [cluster, node] = await Promise.all([startCluster(), startServe()]);
});
afterAll(async () => {
  await node.stop();
  expect(await cluster.stop()).toBe(0);
});

/** All nodes of the cluster, empty. */
async function emptyCluster(): Promise<readonly number[]> {
  for (const port of cluster.ports) {
    const client = await RespClient.connect(port);
    expect(await client.send('FLUSHALL')).toBe('OK');
    client.close();
  }
  return cluster.ports;
}

async function emptyNode(): Promise<number> {
  const client = await RespClient.connect(node.port);
  expect(await client.send('FLUSHALL')).toBe('OK');
  client.close();
  return node.port;
}

/** Without colours. */
function plain(text: string): string[] {
  const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
  return text.replaceAll(colour, '').trimEnd().split('\n');
}

describe.skipIf(benchmark === undefined)('redis-benchmark', () => {
  /** The tests that it says it has run, of those that ended with a rate; everything else that it says is an error. */
  async function benchmarked(...args: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await run(benchmark, ['-q', ...args], { timeout: 60_000 });
    // Progress is written over itself.
    const lines = stdout.split(/[\r\n]+/).filter((line) => !/^ *$|rps=/.test(line));
    expect([code, stderr]).toEqual([0, '']);
    return lines.map((line) => line.replace(/: [0-9.]+ requests per second, p50=[0-9.]+ msec$/, ''));
  }

  const TESTS = ['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'LPUSH', 'HSET'];

  test('loads one node', async () => {
    const port = String(await emptyNode());
    expect(await benchmarked('-p', port, '-t', 'set,get,lpush,hset,ping', '-n', '2000')).toEqual(TESTS);
  });

  test('loads one node over RESP3, in pipelines, with other types', async () => {
    const port = String(await emptyNode());
    const tests = ['-t', 'incr,rpush,lpop,rpop,sadd,spop,zadd,zpopmin,lrange_100,mset'];
    const ran = await benchmarked('-p', port, '-3', '-P', '16', '-r', '1000', '-n', '2000', ...tests);
    expect(ran).toEqual([
      ...['INCR', 'RPUSH', 'LPOP', 'RPOP', 'SADD', 'SPOP', 'ZADD', 'ZPOPMIN'],
      ...['LPUSH (needed to benchmark LRANGE)', 'LRANGE_100 (first 100 elements)', 'MSET (10 keys)'],
    ]);
  });

  test('loads the nodes of a cluster, each with keys of its own', async () => {
    const ports = await emptyCluster();
    const args = ['--cluster', '-p', String(ports[0]), '-t', 'set,get,lpush,hset,ping', '-n', '20000'];
    const [title, ...lines] = await benchmarked(...args);
    expect(title).toBe('Cluster has 3 master nodes:');
    const masters = lines
      .splice(0, 3)
      .map((line) => /^Master \d: [0-9a-f]{40} 127\.0\.0\.1:(\d+)$/.exec(line)?.[1]);
    expect(masters.map(Number).sort()).toEqual([...ports].sort());
    expect(lines).toEqual(TESTS);
    for (const port of ports) {
      const client = await RespClient.connect(port);
      expect([port, await client.send('DBSIZE')]).toEqual([port, 3]);
      client.close();
    }
  });

  test('loads AI commands', async () => {
    const [port] = await emptyCluster();
    const command = ['AI.TENSORSET', 't{tag}:__rand_int__', 'FLOAT', '1', '2', 'VALUES', '1', '2'];
    const lines = await benchmarked('--cluster', '-p', String(port), '-n', '500', '-r', '100', ...command);
    expect(lines.slice(4)).toEqual([command.join(' ')]);
  });
});

describe.skipIf(redisCli === undefined)('redis-cli', () => {
  test('--cluster check finds three nodes that agree and all slots', async () => {
    const ports = await emptyCluster();
    const { code, stdout, stderr } = await run(redisCli, ['--cluster', 'check', `127.0.0.1:${ports[1]}`]);
    const ids = await Promise.all(
      ports.map(async (port) => {
        const client = await RespClient.connect(port);
        const id = await client.send('CLUSTER', 'MYID');
        client.close();
        return String(id);
      }),
    );
    const order = [1, 0, 2];
    const slots = [
      ['0-5460', 5461],
      ['5461-10922', 5462],
      ['10923-16383', 5461],
    ] as const;
    expect([code, stderr]).toEqual([0, '']);
    expect(plain(stdout)).toEqual([
      ...order.map(
        (i) =>
          `127.0.0.1:${ports[i]} (${ids[i]?.slice(0, 8)}...) -> 0 keys | ${slots[i]?.[1]} slots | 0 slaves.`,
      ),
      '[OK] 0 keys in 3 masters.',
      '0.00 keys per slot on average.',
      `>>> Performing Cluster Check (using node 127.0.0.1:${ports[1]})`,
      ...order.flatMap((i) => [
        `M: ${ids[i]} 127.0.0.1:${ports[i]}`,
        `   slots:[${slots[i]?.[0]}] (${slots[i]?.[1]} slots) master`,
      ]),
      '[OK] All nodes agree about slots configuration.',
      '>>> Check for open slots...',
      '>>> Check slots coverage...',
      '[OK] All 16384 slots covered.',
    ]);
  });

  test('--cluster info, call, fix and rebalance find nothing to do', async () => {
    const ports = await emptyCluster();
    const at = `127.0.0.1:${ports[0]}`;
    const last = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(redisCli, ['--cluster', ...args]);
      expect([code, stderr]).toEqual([0, '']);
      return plain(stdout);
    };
    expect((await last('info', at)).slice(3)).toEqual([
      '[OK] 0 keys in 3 masters.',
      '0.00 keys per slot on average.',
    ]);
    expect(await last('call', at, 'PING')).toEqual([
      '>>> Calling PING',
      ...ports.map((port) => `127.0.0.1:${port}: PONG`),
    ]);
    expect((await last('fix', at)).at(-1)).toBe('[OK] All 16384 slots covered.');
    expect((await last('rebalance', at)).at(-1)).toBe(
      '*** No rebalancing needed! All nodes are within the 2.00% threshold.',
    );
  });

  test('--pipe takes in a stream of commands, --scan lists the keys', async () => {
    const port = String(await emptyNode());
    const keys = Array.from({ length: 1000 }, (_, i) => `pipe:${i}`);
    const input = Buffer.concat(keys.map((key) => encode(['SET', key, 'v'])));
    const piped = await run(redisCli, ['-p', port, '--pipe'], { input });
    expect(piped).toEqual({
      code: 0,
      stdout: [
        'All data transferred. Waiting for the last reply...',
        'Last reply received from server.',
        'errors: 0, replies: 1000',
        '',
      ].join('\n'),
      stderr: '',
    });
    const scan = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(redisCli, ['-p', port, '--scan', ...args]);
      expect([code, stderr]).toEqual([0, '']);
      return stdout.trimEnd().split('\n').sort();
    };
    expect(await scan()).toEqual([...keys].sort());
    expect(await scan('--pattern', 'pipe:99?')).toEqual(keys.filter((key) => /^pipe:99.$/.test(key)).sort());
  });

  test('--pipe counts the errors of a stream', async () => {
    const port = String(await emptyNode());
    const commands = [['SET', 'k', 'v'], ['LPUSH', 'k', 'x'], ['AI.TENSORGET', 'k'], ['NOPE']];
    const { code, stdout, stderr } = await run(redisCli, ['-p', port, '--pipe'], {
      input: Buffer.concat(commands.map(encode)),
    });
    expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([1, 'errors: 3, replies: 4']);
    const wrongType = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd()),
    ).toEqual([...[wrongType, wrongType], "ERR unknown command 'NOPE', with args beginning with:"]);
  });

  test('--bigkeys and --memkeys know all types', async () => {
    const port = await emptyNode();
    const client = await RespClient.connect(port);
    await client.send('SET', 'string', 'value');
    await client.send('HSET', 'hash', 'a', 1, 'b', 2);
    await client.send('RPUSH', 'list', 'x', 'y', 'z');
    await client.send('SADD', 'set', 'm');
    await client.send('ZADD', 'zset', 1, 'm');
    await client.send('AI.TENSORSET', 'tensor', 'FLOAT', 1, 2, 'VALUES', 1, 2);
    client.close();
    const big = await run(redisCli, ['-p', String(port), '--bigkeys']);
    expect([big.code, big.stderr]).toEqual([0, '']);
    for (const found of [
      'Biggest string found \'"string"\' has 5 bytes',
      'Biggest   list found \'"list"\' has 3 items',
      'Biggest   hash found \'"hash"\' has 2 fields',
      'Biggest    set found \'"set"\' has 1 members',
      'Biggest   zset found \'"zset"\' has 1 members',
      '1 AI_TENSORs with 0 ? (16.67% of keys, avg size 0.00)',
    ]) {
      expect(plain(big.stdout)).toContain(found);
    }
    const memory = await run(redisCli, ['-p', String(port), '--memkeys']);
    expect([memory.code, memory.stderr]).toEqual([0, '']);
    expect(memory.stdout).toMatch(/^Biggest AI_TENSOR found '"tensor"' has \d+ bytes$/m);
  });

  test('-c, fed with a session, follows keys from node to node', async () => {
    const ports = await emptyCluster();
    const keys = [0, 1, 2].map((i) => tagOn(i, 'walk'));
    const [a, b, c] = keys as [string, string, string];
    const session: [string, string[]][] = [
      [`SET ${a} 1`, ['OK']],
      [`SET ${b} "two words"`, ['OK']],
      [`HSET ${c} f "\\x00\\xff" g 2`, ['(integer) 2']],
      [`GET ${a}`, ['"1"']],
      [`GET ${b}`, ['"two words"']],
      [`HGETALL ${c}`, ['1) "f"', '2) "\\x00\\xff"', '3) "g"', '4) "2"']],
      ['MULTI', ['OK']],
      [`HINCRBY ${c} g 1`, ['QUEUED']],
      [`AI.TENSORSET t{${c}} INT8 2 VALUES 1 -1`, ['QUEUED']],
      ['EXEC', ['1) (integer) 3', '2) OK']],
      [
        `AI.TENSORGET t{${c}} META VALUES`,
        [
          ...['1) "dtype"', '2) "INT8"', '3) "shape"', '4) 1) (integer) 2'],
          ...['5) "values"', '6) 1) (integer) 1', '   2) (integer) -1'],
        ],
      ],
      [`MGET ${a} ${b}`, ["(error) CROSSSLOT Keys in request don't hash to the same slot"]],
      ['SELECT 1', ['(error) ERR SELECT is not allowed in cluster mode']],
      ['NOPE x', ["(error) ERR unknown command 'NOPE', with args beginning with: 'x' "]],
      [`CLUSTER KEYSLOT ${a}`, [`(integer) ${calculateSlot(a)}`]],
      [`3 INCR ${a}`, ['(integer) 2', '(integer) 3', '(integer) 4']],
      ['PING', ['PONG']],
    ];
    const input = session.map(([line]) => `${line}\n`).join('');
    const { code, stdout, stderr } = await run(redisCli, ['-c', '--no-raw', '-p', String(ports[0])], {
      input,
    });
    expect([code, stderr]).toEqual([0, '']);
    // Errors are followed by an empty line; whether a redirection is told depends on redis-cli's version.
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('-> Redirected'));
    expect(lines).toEqual(session.flatMap(([, answer]) => answer));
  });

  test('-3 shows the types of RESP3', async () => {
    const port = String(await emptyNode());
    const input = 'HSET h f v\nHGETALL h\nZADD z 1.5 m\nZSCORE z m\nSADD s x\nSMEMBERS s\nGET none\n';
    const { stdout } = await run(redisCli, ['-3', '--no-raw', '-p', port], { input });
    expect(stdout.trimEnd().split('\n')).toEqual([
      '(integer) 1',
      '1# "f" => "v"',
      '(integer) 1',
      '(double) 1.5',
      '(integer) 1',
      '1~ "x"',
      '(nil)',
    ]);
  });
});
