import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { ClientSession } from '../../src/client-session.ts';
import { DEFAULT_OUTPUT_LIMITS } from '../../src/output-limits.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();

afterEach(() => {
  // The limits are the node's: the next test starts with the defaults.
  shared.node.context.config.outputLimits = DEFAULT_OUTPUT_LIMITS;
});

async function subscribe(): Promise<TypedClient> {
  const client = await shared.connectTyped();
  await client.send('SUBSCRIBE', 'c');
  return client;
}

describe('client-output-buffer-limit', () => {
  test('is that of Redis and changes class by class', async () => {
    const client = await shared.connectTyped();
    const get = async () =>
      ((await client.send('CONFIG', 'GET', 'client-output-buffer-limit')) as string[])[1];
    const defaults = '$normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60';
    expect(await get()).toBe(defaults);
    await client.send('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 2kb 5');
    expect(await get()).toBe('$normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2048 5');
    const set = (value: string) => client.send('CONFIG', 'SET', 'client-output-buffer-limit', value);
    const failed = "-ERR CONFIG SET failed (possibly related to argument 'client-output-buffer-limit') - ";
    expect(await set('pubsub 1')).toBe(`${failed}Wrong number of arguments in buffer limit configuration.`);
    expect(await set('foo 1 2 3')).toBe(
      `${failed}Invalid client class specified in buffer limit configuration.`,
    );
    expect(await set('pubsub x 1 1')).toBe(
      `${failed}Error in hard, soft or soft_seconds setting in buffer limit configuration.`,
    );
  });

  test('a subscriber that does not read is disconnected at the hard limit, others are not', async () => {
    const publisher = await shared.connectTyped();
    await publisher.send('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 4mb 0 0');
    const slow = await subscribe();
    const reading = await subscribe();
    slow.socket.pause();
    const message = Buffer.alloc(1024 * 1024, 120);
    let receivers = ':2';
    // The system's own buffers take some megabytes first.
    for (let sent = 0; sent < 100 && receivers === ':2'; sent++) {
      receivers = String(await publisher.send('PUBLISH', 'c', message));
      expect(await reading.reply()).toEqual(['$message', '$c', `$${message.toString('latin1')}`]);
    }
    expect(receivers).toBe(':1');
    slow.socket.resume();
    await slow.closed;
  });

  test('messages that are read in time are no reason to disconnect', async () => {
    const publisher = await shared.connectTyped();
    await publisher.send('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 2mb 0 0');
    const reading = await subscribe();
    const message = Buffer.alloc(512 * 1024, 120);
    for (let sent = 0; sent < 20; sent++) {
      expect(await publisher.send('PUBLISH', 'c', message)).toBe(':1');
      await reading.reply();
    }
  });

  test('one above the soft limit for its time is disconnected, also when nothing more is sent', async () => {
    const publisher = await shared.connectTyped();
    await publisher.send('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 0 1mb 1');
    const slow = await subscribe();
    slow.socket.pause();
    const [session] = [...shared.node.context.clients.values()].filter((c) => c.subscriptions > 0);
    const ended = once((session as ClientSession).socket, 'close');
    const message = Buffer.alloc(16 * 1024 * 1024, 120);
    await publisher.send('PUBLISH', 'c', message);
    await ended;
    expect(await publisher.send('PUBLISH', 'c', 'x')).toBe(':0');
  });
});
