import net from 'node:net';
import tls from 'node:tls';

/** Where a Redis is, and how a node makes itself known there. */
export interface UpstreamAddress {
  /** Of its unix socket; else host and port. */
  readonly path?: string;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** What a secure one is trusted by and shown; the authorities that Node.js knows where absent. */
  readonly secureContext?: tls.SecureContext | undefined;
  readonly user: string;
  readonly password: string;
}

/** @throws Error that says what is wrong with it. @param text unix:PATH, host:port, or redis(s)://user:password@host:port */
export function parseUpstream(text: string): UpstreamAddress {
  const local = { host: '127.0.0.1', port: 6379, secure: false, user: '', password: '' };
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path === '') throw new Error('a unix socket needs a path, such as unix:/run/redis.sock');
    return { ...local, path };
  }
  const url = /^rediss?:\/\//.test(text) ? text : `redis://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const port = Number(parsed?.port === '' ? local.port : parsed?.port);
  if (parsed === null || parsed.hostname === '' || !(port > 0 && port < 65_536)) {
    throw new Error(
      `${text} is no place of a Redis: unix:PATH, host:port or redis://user:password@host:port`,
    );
  }
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port,
    secure: parsed.protocol === 'rediss:',
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
  };
}

export function connectTo({ path, host, port, secure, secureContext }: UpstreamAddress): net.Socket {
  if (path !== undefined) return net.connect({ path });
  if (secure) {
    const servername = net.isIP(host) === 0 ? host : '';
    return tls.connect({ host, port, servername, ...(secureContext && { secureContext }) });
  }
  return net.connect({ host, port, noDelay: true });
}

/** The address as a message shows it. */
export function shownAddress({ path, host, port, secure }: UpstreamAddress): string {
  return path ?? `${host}:${port}${secure ? ' (TLS)' : ''}`;
}
