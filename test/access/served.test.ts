import { writeFileSync } from 'node:fs';
import path from 'node:path';
import calculateSlot from 'cluster-key-slot';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { describe, expect, test } from 'vitest';
import { RespClient } from '../support/resp-client.ts';
import { Authority, noOpenssl } from './certificates.ts';
import { temporaryFolder } from './nodes.ts';
import { RawClient } from './raw-client.ts';
import { freePorts, run } from './served.ts';

if (noOpenssl !== undefined) console.log(`TLS cluster test skipped: ${noOpenssl}`);

describe('tessera serve', () => {
  test('takes the password from the environment', async () => {
    const served = await run(['serve', '--port', '0'], /listening/, { TESSERA_REQUIREPASS: 'fromenv' });
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(served.output())?.[1]);
    const client = await RespClient.connect(port);
    expect(await client.error('PING')).toBe('NOAUTH Authentication required.');
    expect(await client.send('AUTH', 'fromenv')).toBe('OK');
    client.close();
    expect(await served.stop()).toBe(0);
  });

  test('listens on a unix socket alone where the port is 0, with the users of a file', async () => {
    const file = path.join(temporaryFolder(), 't.sock');
    const aclfile = path.join(temporaryFolder(), 'users.acl');
    writeFileSync(aclfile, 'user default on >fromfile ~* &* +@all\n');
    const args = [
      'serve',
      '--port',
      '0',
      '--unixsocket',
      file,
      '--unixsocketperm',
      '770',
      '--aclfile',
      aclfile,
    ];
    const more = ['--requirepass', 'ignored', '--protected-mode', 'no'];
    const served = await run([...args, ...more], /listening/);
    expect(served.output()).toContain(`listening on ${file}, one node`);
    expect(served.output()).toContain('requirepass is ignored: the default user is the one of the ACL file');
    const client = await RawClient.connect({ path: file });
    expect(await client.send('\r\n', 'AUTH', 'fromfile')).toBe('+OK\r\n');
    expect(await client.send('no\r\n', 'CONFIG', 'GET', 'protected-mode')).toMatch(/no\r\n$/);
    expect(await client.send('770\r\n', 'CONFIG', 'GET', 'unixsocketperm')).toMatch(/770\r\n$/);
    client.close();
    expect(await served.stop()).toBe(0);
  });

  test.each([
    [['--unixsocketperm', '9'], /--unixsocketperm: a file mode in octal/],
    [['--aclfile', '/nowhere/users.acl'], /Error loading ACLs, opening file '\/nowhere\/users\.acl'/],
  ])('%j is refused with the reason', async (args, reason) => {
    await expect(run(['serve', '--port', '0', ...args], /listening/)).rejects.toThrow(reason);
  });
});

describe('a cluster', () => {
  const password = 'geheim';

  test.skipIf(noOpenssl !== undefined)(
    'tells each client the port of its kind, and serves TLS clients with a password',
    async () => {
      const authority = new Authority();
      const pair = authority.issue('server');
      const folder = temporaryFolder();
      const ports = await freePorts(4);
      const [plain, secure] = [ports.slice(0, 2), ports.slice(2)];
      const slots = ['0-8191', '8192-16383'];
      const config = path.join(folder, 'cluster.config.json');
      writeFileSync(
        config,
        JSON.stringify({
          engine: 'embedded',
          requirepass: password,
          'tls-cert-file': path.relative(folder, pair.certFile),
          'tls-key-file': pair.keyFile,
          'tls-auth-clients': 'no',
          nodes: slots.map((range, i) => ({
            name: `node-${i + 1}`,
            host: ['0.0.0.0'],
            'announce-host': '127.0.0.1',
            port: plain[i],
            'tls-port': secure[i],
            slots: [range],
          })),
          devices: { intraOpParallelism: 1 },
        }),
      );
      const served = await run(['start', '--config', config], /ready: 2 nodes/);
      expect(served.output()).toContain(
        `listening on 0.0.0.0:${plain[0]}, 0.0.0.0:${secure[0]} (TLS), slots 0-8191`,
      );

      const client = await RespClient.connect(plain[0] as number);
      await client.send('AUTH', password);
      const foreign = ['a', 'b', 'c', 'd'].find((key) => calculateSlot(key) > 8191) as string;
      expect(await client.error('GET', foreign)).toBe(
        `MOVED ${calculateSlot(foreign)} 127.0.0.1:${plain[1]}`,
      );
      const rows = (await client.send('CLUSTER', 'SLOTS')) as unknown[][];
      expect(rows.map((row) => (row[2] as unknown[]).slice(0, 2))).toEqual(
        plain.map((port) => ['127.0.0.1', port]),
      );
      expect(await client.send('CLUSTER', 'NODES')).toContain(` 127.0.0.1:${plain[1]}@`);
      const [shard] = (await client.send('CLUSTER', 'SHARDS')) as [unknown[]];
      expect((shard[3] as unknown[][])[0]?.slice(2, 8)).toEqual([
        'port',
        plain[0],
        'tls-port',
        secure[0],
        'ip',
        '127.0.0.1',
      ]);
      client.close();

      const redis = createCluster({
        rootNodes: [
          { socket: { host: '127.0.0.1', port: secure[0] as number, tls: true, ca: authority.ca } },
        ],
        RESP: 3,
        defaults: { password, socket: { tls: true, ca: authority.ca } },
      });
      await redis.connect();
      for (let i = 0; i < 20; i++) await redis.set(`k${i}`, String(i));
      for (let i = 0; i < 20; i++) expect(await redis.get(`k${i}`)).toBe(String(i));
      expect(redis.masters.map((master) => master.port).sort()).toEqual([...secure].sort());
      await redis.close();

      const single = new Redis({ port: secure[0] as number, password, tls: { ca: authority.ca } });
      await expect(single.get(foreign)).rejects.toThrow(
        `MOVED ${calculateSlot(foreign)} 127.0.0.1:${secure[1]}`,
      );
      expect(await single.cluster('NODES')).toContain(` 127.0.0.1:${secure[1]}@`);
      await single.quit();
      const io = new Cluster([{ host: '127.0.0.1', port: secure[1] as number }], {
        redisOptions: { password, tls: { ca: authority.ca } },
      });
      for (let i = 0; i < 20; i++) expect(await io.get(`k${i}`)).toBe(String(i));
      await io.quit();
      expect(await served.stop()).toBe(0);
    },
  );
});
