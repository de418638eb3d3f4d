import {
  createClient,
  createCluster,
  type RedisClientOptions,
  type RedisClientType,
  type RedisClusterType,
} from 'redis';
import { Tessera } from './tessera.ts';

/** node-redis's own options, but for what the URL says. */
export type ConnectOptions = Pick<
  RedisClientOptions,
  | 'username'
  | 'password'
  | 'name'
  | 'RESP'
  | 'socket'
  | 'commandsQueueMaxLength'
  | 'disableOfflineQueue'
  | 'pingInterval'
> & {
  /** Told of each loss of a connection; node-redis connects again by itself. */
  readonly onError?: (error: Error) => void;
};

type Opened = RedisClientType | RedisClusterType;

/** A connection that is closed along with this. */
export class OwnTessera extends Tessera<Opened> implements AsyncDisposable {
  /** Waits for the commands under way. */
  async close(): Promise<void> {
    await this.redis.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Opens a connection to a server, or to all nodes of the cluster that it belongs to.
 * @param url `redis://user:password@host:port`, or `rediss://` for TLS.
 * @throws node-redis's error when nobody answers there; later losses of the connection go to `onError`.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<OwnTessera> {
  const { onError = () => {}, ...rest } = options;
  const redis = (
    (await isClusterNode(url, rest))
      ? createCluster({ rootNodes: [{ url }], defaults: forAllNodes(url, rest), RESP: rest.RESP ?? 3 })
      : createClient({ url, ...rest })
  ) as Opened;
  redis.on('error', onError);
  await redis.connect();
  return new OwnTessera(redis);
}

/** Asks the server itself; once, where a client would try again for ever. */
async function isClusterNode(url: string, options: RedisClientOptions): Promise<boolean> {
  const once = { ...options.socket, reconnectStrategy: false } as const;
  const probe = createClient({ url, ...options, socket: once } as RedisClientOptions);
  probe.on('error', () => {});
  await probe.connect();
  try {
    const { mode } = await probe.hello();
    return String(mode) === 'cluster';
  } finally {
    probe.destroy();
  }
}

/** The options with what the URL says: node-redis does not take that over from the root node to the nodes that it finds. */
function forAllNodes(url: string, options: RedisClientOptions): RedisClientOptions {
  const { username, password, protocol } = new URL(url);
  const socket = { ...(protocol === 'rediss:' ? { tls: true } : {}), ...options.socket };
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...options,
    socket: socket as NonNullable<RedisClientOptions['socket']>,
  };
}
