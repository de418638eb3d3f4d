import { ValueCache } from '../keyspace/redis/value-cache.ts';
import type { NodeContext } from '../node-context.ts';
import { encodeRequest } from './requests.ts';
import { shownAddress, type UpstreamAddress } from './upstream-address.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const CONNECT_PATIENCE_MS = 5000;

/** The Redis that a node stands before: where it is, and what the node remembers of it. */
export class RedisEngine {
  readonly address: UpstreamAddress;
  readonly cache: ValueCache;

  /** @param cacheBytes of values that are kept at hand. */
  constructor(address: UpstreamAddress, cacheBytes: number, node: Pick<NodeContext, 'devices'>) {
    this.address = address;
    this.cache = new ValueCache(cacheBytes, (value) => {
      if (value.type === 'model') node.devices.unload(value.model);
      if (value.type === 'script') node.devices.unload(value.script);
    });
  }

  /** Whether a client need not log in. @throws Error where it cannot be reached, or is no Redis that will do. */
  async isOpen(): Promise<boolean> {
    const isOpen = !(await this.#ask(false, 'PING')).startsWith('-NOAUTH');
    const info = await this.#ask(this.address.password !== '', 'COMMAND', 'INFO', 'EVAL_RO');
    // Without a password of its own the node does not get to know.
    if (!info.includes('eval_ro') && !info.startsWith('-NOAUTH')) {
      throw new Error(
        `the Redis at ${shownAddress(this.address)} has no EVAL_RO: it has to be Redis 7 or later, or Valkey`,
      );
    }
    return isOpen;
  }

  /** The reply to a command on a connection of its own, as it came. */
  #ask(logsIn: boolean, ...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string) =>
        reject(new Error(`the Redis at ${shownAddress(this.address)} cannot be used: ${reason}`));
      const connection = new UpstreamConnection(this.address, {
        bytes: () => {},
        drained: () => {},
        closed: () => fail('it does not answer'),
      });
      const giveUp = setTimeout(() => {
        fail(`no answer in ${CONNECT_PATIENCE_MS / 1000} s`);
        connection.destroy();
      }, CONNECT_PATIENCE_MS);
      const { user, password } = this.address;
      if (logsIn) {
        connection.take(() => {});
        connection.send(
          encodeRequest(['AUTH', ...(user === '' ? [] : [user]), password].map((arg) => Buffer.from(arg))),
        );
      }
      connection.take((reply) => {
        clearTimeout(giveUp);
        resolve(reply.toString());
        connection.destroy();
      });
      connection.send(encodeRequest(args.map((arg) => Buffer.from(arg))));
    });
  }
}
