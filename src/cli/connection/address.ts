import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { accessSettings, announcedAddress } from '../../../cluster/access-config.ts';
import { loadClusterConfig } from '../../../cluster/config.ts';

/** Where a node is and how to get in. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  /** Undefined: no password is given. */
  readonly password: string | undefined;
  /** Undefined: a plain connection. */
  readonly tls: ConnectionOptions | undefined;
}

export interface AddressOptions {
  /** The cluster's file, where names are looked up. */
  readonly config: string;
  readonly user?: string | undefined;
  readonly tls: boolean;
  readonly cacert?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

const DEFAULT_PORT = 6379;

/**
 * The node that a name from the cluster's file, `host:port` or a URL stands for.
 * @throws Error that says what is wrong with the text, ConfigError for the file.
 */
export function resolveNode(text: string, options: AddressOptions): NodeAddress {
  if (text.includes('://')) return fromUrl(text, options);
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? [];
  if (host === undefined) return fromConfig(text, options);
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: checkedPort(Number(port), text),
    username: options.user,
    password: passwordFrom(options),
    tls: options.tls ? tlsOptions(options) : undefined,
  };
}

/** The address as people see it; without the password. */
export function formatAddress({ host, port }: Pick<NodeAddress, 'host' | 'port'>): string {
  return net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function fromUrl(text: string, options: AddressOptions): NodeAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new Error(`not a URL such as redis://user:password@host:port: ${withoutPassword(text)}`);
  }
  if (!['', '/', '/0'].includes(url.pathname)) throw new Error('there is one database only, number 0');
  const given = (part: string) => (part === '' ? undefined : decodeURIComponent(part));
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: checkedPort(url.port === '' ? DEFAULT_PORT : Number(url.port), url.host),
    username: given(url.username) ?? options.user,
    password: given(url.password) ?? passwordFrom(options),
    tls: url.protocol === 'rediss:' || options.tls ? tlsOptions(options) : undefined,
  };
}

function fromConfig(name: string, options: AddressOptions): NodeAddress {
  const config = loadClusterConfig(options.config);
  const node = config.nodes.find((one) => one.name === name);
  if (node === undefined) {
    const names = config.nodes.map((one) => one.name).join(', ');
    throw new Error(`no node is named ${name} in ${options.config}, which has ${names}`);
  }
  const { access, tls } = accessSettings(config, node, path.dirname(path.resolve(options.config)));
  const { host, port, tlsPort } = announcedAddress(node);
  const secure = port === 0 || options.tls;
  const { certFile, keyFile, caCertFile } = tls?.files ?? { certFile: '', keyFile: '', caCertFile: '' };
  return {
    host: host as string,
    port: secure ? tlsPort : port,
    username: options.user,
    password:
      passwordFrom(options) ?? (options.environment.TESSERA_REQUIREPASS || access.requirepass || undefined),
    tls: secure
      ? tlsOptions({
          ...options,
          cacert: options.cacert ?? (caCertFile || undefined),
          // Nodes may want a certificate from clients; their own is one of those that they trust.
          cert: options.cert ?? (certFile || undefined),
          key: options.key ?? (keyFile || undefined),
        })
      : undefined,
  };
}

function passwordFrom({ environment }: AddressOptions): string | undefined {
  return environment.TESSERA_PASSWORD || environment.REDISCLI_AUTH || undefined;
}

function tlsOptions({ cacert, cert, key, insecure }: AddressOptions): ConnectionOptions {
  const file = (name: string) => readFileSync(name);
  return {
    ...(cacert === undefined ? {} : { ca: file(cacert) }),
    ...(cert === undefined ? {} : { cert: file(cert) }),
    ...(key === undefined ? {} : { key: file(key) }),
    rejectUnauthorized: !insecure,
  };
}

function checkedPort(port: number, text: string): number {
  if (port < 1 || port > 65_535) throw new Error(`${text} has no port from 1 to 65535`);
  return port;
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/.*@/, '//');
}
