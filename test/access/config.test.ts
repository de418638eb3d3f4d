import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { accessSettings, announcedNodes } from '../../cluster/access-config.ts';
import { type ClusterConfig, ConfigError, loadClusterConfig } from '../../cluster/config.ts';
import { portFor, SlotMap } from '../../cluster/slot-map.ts';
import { temporaryFolder } from './nodes.ts';

const first = { name: 'a', host: '127.0.0.1', port: 1, slots: ['0-8191'] };
const second = { name: 'b', host: '127.0.0.1', port: 2, slots: ['8192-16383'] };

function load(nodes: object[], shared: object = {}): ClusterConfig {
  const file = path.join(temporaryFolder(), 'c.json');
  writeFileSync(file, JSON.stringify({ engine: 'embedded', ...shared, nodes }, null, 1));
  return loadClusterConfig(file);
}

describe('access in the cluster configuration', () => {
  test('a node is protected, has no password and no TLS where nothing is said', () => {
    const config = load([first, second]);
    expect(accessSettings(config, config.nodes[0] as never, '/etc')).toEqual({
      host: ['127.0.0.1'],
      port: 1,
      access: { requirepass: undefined, aclfile: '', protectedMode: true },
      tls: undefined,
      unixSocket: undefined,
    });
  });

  test("a node's own settings come before those of all, and files are relative to the folder", () => {
    const own = {
      requirepass: 'own',
      aclfile: 'a.acl',
      'protected-mode': 'no',
      'tls-port': 7,
      'tls-key-file': '/keys/a.key',
      unixsocket: 'a.sock',
      unixsocketperm: '770',
    };
    const shared = {
      requirepass: 'all',
      'protected-mode': 'yes',
      'tls-cert-file': 'all.crt',
      'tls-key-file': 'all.key',
      'tls-ca-cert-file': 'ca.crt',
      'tls-auth-clients': 'optional',
    };
    const config = load([{ ...first, ...own, host: ['127.0.0.1', '::1'], port: 0 }, second], shared);
    expect(accessSettings(config, config.nodes[0] as never, '/etc')).toEqual({
      host: ['127.0.0.1', '::1'],
      port: null,
      access: { requirepass: 'own', aclfile: '/etc/a.acl', protectedMode: false },
      tls: {
        port: 7,
        files: { certFile: '/etc/all.crt', keyFile: '/keys/a.key', caCertFile: '/etc/ca.crt' },
        authClients: 'optional',
      },
      unixSocket: { path: '/etc/a.sock', mode: 0o770 },
    });
    expect(accessSettings(config, config.nodes[1] as never, '/etc')).toMatchObject({
      access: { requirepass: 'all', protectedMode: true },
      tls: undefined,
    });
  });

  test('clients are told the announced address, or else the first that can be connected to', () => {
    const wildcard = { ...first, host: '0.0.0.0', 'tls-port': 11 };
    const announced = { 'announce-host': 'a.example', 'announce-port': 21, 'announce-tls-port': 31 };
    const { nodes } = load([
      { ...wildcard, ...announced },
      { ...second, host: ['0.0.0.0', '-10.0.0.2'], port: 0, 'tls-port': 12 },
    ]);
    const told = new SlotMap(announcedNodes(nodes), 'a').nodes;
    expect(told.map(({ host, port, tlsPort }) => [host, port, tlsPort])).toEqual([
      ['a.example', 21, 31],
      ['10.0.0.2', 0, 12],
    ]);
    expect(told.map((node) => [portFor(node, false), portFor(node, true)])).toEqual([
      [21, 31],
      [12, 12],
    ]);
  });

  test('the plain port is told to TLS clients where there is no other', () => {
    const { nodes } = load([first, second]);
    const [node] = new SlotMap(announcedNodes(nodes), 'a').nodes;
    expect(node && [portFor(node, false), portFor(node, true)]).toEqual([1, 1]);
  });

  test.each<[string, object, RegExp]>([
    ['a wildcard without announce-host', { host: '0.0.0.0' }, /nodes\.0\.host: .*announce-host is needed/],
    ['no port at all', { port: 0 }, /nodes\.0\.port: clients of a cluster need a port/],
    [
      'a TLS port that is taken',
      { 'tls-port': 1 },
      /nodes\.0\.tls-port: the address 127\.0\.0\.1:1 is taken/,
    ],
    ['a mode that is not octal', { unixsocketperm: '999' }, /unixsocketperm: a file mode in octal/],
    ['an unknown choice', { 'tls-auth-clients': 'maybe' }, /nodes\.0\.tls-auth-clients: /],
    ['no address', { host: [] }, /nodes\.0\.host: /],
    ['an unknown field', { 'tls-ciphers': 'x' }, /nodes\.0\.tls-ciphers: unknown field/],
  ])('%s is refused', (_, change, message) => {
    expect(() => load([{ ...first, ...change }, second])).toThrow(ConfigError);
    expect(() => load([{ ...first, ...change }, second])).toThrow(message);
  });
});
