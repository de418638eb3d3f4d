import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ClusterHere, startClusterHere } from '../support/cluster-here.ts';
import { encode } from '../support/resp-client.ts';
import { tagOn } from '../support/slots.ts';
import { type Typed, TypedClient } from '../support/typed-client.ts';

/** How clients that are not at hand introduce themselves to a cluster and learn its topology, and what they look at in the replies. */

let cluster: ClusterHere;
const clients: TypedClient[] = [];

beforeAll(async () => {
  cluster = await startClusterHere();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => cluster.stop());

async function connect(node = 0): Promise<TypedClient> {
  const client = await TypedClient.connect(cluster.ports[node] as number);
  clients.push(client);
  return client;
}

/** Sends all at once and gives the replies in order. */
function pipeline(client: TypedClient, ...commands: (string | number)[][]): Promise<Typed[]> {
  client.socket.write(Buffer.concat(commands.map((command) => encode(command))));
  return client.replies(commands.length);
}

type SlotRow = [string, string, [string, string, string, Typed[]]];

/** The owner of each of the 16384 slots by CLUSTER SLOTS: rows without holes or overlaps, hosts as text, ports as integers. */
function ownersOf(reply: Typed): number[] {
  const owners: number[] = [];
  for (const [from, to, [host, port, id]] of reply as SlotRow[]) {
    expect([from[0], to[0], host, port[0]]).toEqual([':', ':', '$127.0.0.1', ':']);
    expect(id).toMatch(/^\$[0-9a-f]{40}$/);
    for (let slot = Number(from.slice(1)); slot <= Number(to.slice(1)); slot++) {
      expect(owners[slot]).toBeUndefined();
      owners[slot] = Number(port.slice(1));
    }
  }
  return owners;
}

function expectThirds(owners: readonly number[]): void {
  const [first, second, third] = cluster.ports;
  expect(owners).toEqual([
    ...[...Array(5461).fill(first), ...Array(5462).fill(second)],
    ...Array(5461).fill(third),
  ]);
}

/** The values of a RESP3 map, or of a flat list of RESP2, by name. */
function fields(reply: Typed): Record<string, Typed> {
  if (!Array.isArray(reply)) return Object.fromEntries((reply as { map: [string, Typed][] }).map);
  return Object.fromEntries(
    Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]]),
  );
}

describe.each([2, 3] as const)('over RESP%i', (protocol) => {
  test.each(['jedis', 'redis-plus-plus', 'memtier_benchmark'])(
    '%s says who it is and reads all slots from CLUSTER SLOTS',
    async (name) => {
      for (const node of [0, 1, 2]) {
        const client = await connect(node);
        const [hello, ...replies] = await pipeline(
          client,
          ['HELLO', protocol, 'SETNAME', name],
          ['CLIENT', 'SETINFO', 'LIB-NAME', name],
          ['CLIENT', 'SETINFO', 'LIB-VER', '1.2.3'],
          ['READONLY'],
        );
        expect(fields(hello as Typed)).toMatchObject({
          $proto: `:${protocol}`,
          $mode: '$cluster',
          $role: '$master',
        });
        expect(replies).toEqual(['+OK', '+OK', '+OK']);
        expect(await client.send('READWRITE')).toBe('+OK');
        expectThirds(ownersOf(await client.send('CLUSTER', 'SLOTS')));
        const info = await client.send('CLIENT', 'INFO');
        expect(info).toMatch(
          new RegExp(` name=${name} .* resp=${protocol} lib-name=${name} lib-ver=1\\.2\\.3`),
        );
      }
    },
  );

  test('lettuce reads the lines of CLUSTER NODES and its fields of INFO', async () => {
    const client = await connect(1);
    await client.send('HELLO', protocol);
    const nodes = (await client.send('CLUSTER', 'NODES')) as string;
    const ranges = ['0-5460', '5461-10922', '10923-16383'];
    const lines = nodes.slice(1).replace(/^txt:/, '').trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/^[0-9a-f]{40} /, ''))).toEqual(
      cluster.ports.map(
        (port, i) =>
          `127.0.0.1:${port}@${port + 10_000} ${i === 1 ? 'myself,master' : 'master'} - 0 0 ${i + 1} connected ${ranges[i]}`,
      ),
    );
    const info = (await client.send('INFO')) as string;
    expect(info).toMatch(/^connected_clients:1\r$/m);
    expect(info).toMatch(/^master_repl_offset:0\r$/m);
    expect(info).toMatch(/^role:master\r$/m);
  });

  test('go-redis finds the key of a command in COMMAND, whose entries have ten elements', async () => {
    const client = await connect();
    const [hello, , , commands] = await pipeline(
      client,
      ['HELLO', protocol],
      ['CLIENT', 'SETINFO', 'LIB-NAME', 'go-redis(,go1.22)'],
      ['CLIENT', 'SETINFO', 'LIB-VER', '9.5.1'],
      ['COMMAND'],
    );
    expect(fields(hello as Typed).$proto).toBe(`:${protocol}`);
    const entries = commands as Typed[][];
    expect(entries.length).toBeGreaterThan(200);
    const firstKeys = new Map<Typed, Typed>();
    for (const entry of entries) {
      expect(entry.length).toBe(10);
      const [name, arity, flags, ...positions] = entry as [string, string, Typed, string, string, string];
      expect([name[0], arity[0], ...positions.slice(0, 3).map((position) => position[0])]).toEqual([
        '$',
        ':',
        ':',
        ':',
        ':',
      ]);
      expect(protocol === 3 ? 'set' in (flags as object) : Array.isArray(flags)).toBe(true);
      firstKeys.set(name, positions[0]);
    }
    expect(
      ['get', 'mset', 'ai.tensorset', 'ai.modelexecute', 'ping'].map((name) => firstKeys.get(`$${name}`)),
    ).toEqual([...[':1', ':1', ':1', ':1', ':0']]);
  });

  test('redis-cli reads the docs of all commands and the server section of INFO', async () => {
    const client = await connect();
    await client.send('HELLO', protocol);
    const [docs, commands, info] = await pipeline(
      client,
      ['COMMAND', 'DOCS'],
      ['COMMAND'],
      ['INFO', 'SERVER'],
    );
    const names = (commands as string[][]).map(([name]) => name as string);
    const documented = fields(docs as Typed);
    expect(Object.keys(documented).sort()).toEqual([...names].sort());
    for (const name of names) expect(fields(documented[name] as Typed).$summary).toMatch(/^\$[A-Z]/);
    expect(info).toMatch(/^redis_version:7\.0\.\d+\r$/m);
  });

  test('a command for another node is told where to go, and once more after ASKING', async () => {
    const client = await connect(0);
    await client.send('HELLO', protocol);
    const key = tagOn(2);
    const slot = ((await client.send('CLUSTER', 'KEYSLOT', key)) as string).slice(1);
    const moved = `-MOVED ${slot} 127.0.0.1:${cluster.ports[2]}`;
    expect(await pipeline(client, ['GET', key], ['ASKING'], ['GET', key])).toEqual([moved, '+OK', moved]);
  });
});

test('a client of RESP3 falls back to RESP2 where HELLO is refused, as for a version that nobody knows', async () => {
  const client = await connect();
  expect(await client.send('HELLO', 4)).toBe('-NOPROTO unsupported protocol version');
  expect(await client.send('CLIENT', 'MAINT_NOTIFICATIONS', 'ON')).toMatch(/^-ERR unknown subcommand/);
  expect(await client.send('PING')).toBe('+PONG');
});
