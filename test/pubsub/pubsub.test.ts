import { describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();

async function connect(protocol: 2 | 3): Promise<TypedClient> {
  const client = await shared.connectTyped();
  if (protocol === 3) await client.send('HELLO', 3);
  return client;
}

/** What is sent out of band: a push in RESP3, an array in RESP2. */
const pushed = (protocol: 2 | 3, ...items: Typed[]): Typed => (protocol === 3 ? { push: items } : items);
const none = (protocol: 2 | 3): Typed => (protocol === 3 ? '_' : null);

const ONLY = ': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';

describe.each([2, 3] as const)('in RESP%i', (protocol) => {
  test('each channel is confirmed with the number of subscriptions, shard channels apart', async () => {
    const client = await connect(protocol);
    expect(await client.send('SUBSCRIBE', 'a', 'b')).toEqual(pushed(protocol, '$subscribe', '$a', ':1'));
    expect(await client.reply()).toEqual(pushed(protocol, '$subscribe', '$b', ':2'));
    expect(await client.send('SUBSCRIBE', 'a')).toEqual(pushed(protocol, '$subscribe', '$a', ':2'));
    expect(await client.send('PSUBSCRIBE', 'x*')).toEqual(pushed(protocol, '$psubscribe', '$x*', ':3'));
    expect(await client.send('SSUBSCRIBE', 's')).toEqual(pushed(protocol, '$ssubscribe', '$s', ':1'));
    // In which order they end is up to the engine.
    const ended = [await client.send('UNSUBSCRIBE'), await client.reply()].map((reply) =>
      JSON.stringify(reply),
    );
    for (const [i, count] of [2, 1].entries()) expect(ended[i]).toContain(`":${count}"`);
    for (const name of ['a', 'b']) expect(ended.join()).toContain(`"$unsubscribe","$${name}"`);
    expect(await client.send('PUNSUBSCRIBE', 'zzz')).toEqual(pushed(protocol, '$punsubscribe', '$zzz', ':1'));
    expect(await client.send('PUNSUBSCRIBE')).toEqual(pushed(protocol, '$punsubscribe', '$x*', ':0'));
    expect(await client.send('SUNSUBSCRIBE')).toEqual(pushed(protocol, '$sunsubscribe', '$s', ':0'));
  });

  test.each(['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE'])(
    '%s without subscriptions names null',
    async (name) => {
      const client = await connect(protocol);
      expect(await client.send(name)).toEqual(
        pushed(protocol, `$${name.toLowerCase()}`, none(protocol), ':0'),
      );
    },
  );

  test('a message reaches channel and pattern, each once, and PUBLISH counts both', async () => {
    const client = await connect(protocol);
    await client.send('SUBSCRIBE', 'news');
    await client.send('PSUBSCRIBE', 'n?ws');
    const publisher = await connect(protocol);
    expect(await publisher.send('PUBLISH', 'news', 'hi')).toBe(':2');
    expect(await publisher.send('PUBLISH', 'nows', 'ho')).toBe(':1');
    expect(await publisher.send('PUBLISH', 'else', 'no')).toBe(':0');
    expect(await client.replies(3)).toEqual([
      pushed(protocol, '$message', '$news', '$hi'),
      pushed(protocol, '$pmessage', '$n?ws', '$news', '$hi'),
      pushed(protocol, '$pmessage', '$n?ws', '$nows', '$ho'),
    ]);
  });

  test('a shard message reaches subscribers of the shard channel only', async () => {
    const client = await connect(protocol);
    await client.send('SUBSCRIBE', 'c');
    await client.send('SSUBSCRIBE', 'c');
    const publisher = await connect(protocol);
    expect(await publisher.send('SPUBLISH', 'c', 'shard')).toBe(':1');
    expect(await publisher.send('PUBLISH', 'c', 'all')).toBe(':1');
    expect(await client.replies(2)).toEqual([
      pushed(protocol, '$smessage', '$c', '$shard'),
      pushed(protocol, '$message', '$c', '$all'),
    ]);
  });

  test('channels and messages are bytes', async () => {
    const client = await connect(protocol);
    const bytes = Uint8Array.from([0, 255, 13, 10, 128]);
    const text = '\x00\xff\r\n\x80';
    expect(await client.send('SUBSCRIBE', bytes)).toEqual(pushed(protocol, '$subscribe', `$${text}`, ':1'));
    const publisher = await connect(protocol);
    const large = Buffer.alloc(100_000, 0xfe);
    await publisher.send('PUBLISH', bytes, bytes);
    await publisher.send('PUBLISH', bytes, large);
    expect(await client.replies(2)).toEqual([
      pushed(protocol, '$message', `$${text}`, `$${text}`),
      pushed(protocol, '$message', `$${text}`, `$${large.toString('latin1')}`),
    ]);
  });

  test('RESET ends all subscriptions without a word', async () => {
    const client = await connect(protocol);
    await client.send('SUBSCRIBE', 'a');
    await client.send('PSUBSCRIBE', '*');
    await client.send('SSUBSCRIBE', 's');
    expect(await client.send('RESET')).toBe('+RESET');
    const publisher = await connect(protocol);
    expect(await publisher.send('PUBLISH', 'a', 'x')).toBe(':0');
    expect(await publisher.send('SPUBLISH', 's', 'x')).toBe(':0');
    expect(await client.send('GET', 'k')).toBe(null);
  });

  test('a closed connection is no subscriber any more', async () => {
    const client = await connect(protocol);
    await client.send('SUBSCRIBE', 'gone');
    expect(await client.send('QUIT')).toBe('+OK');
    await client.closed;
    const publisher = await connect(protocol);
    expect(await publisher.send('PUBLISH', 'gone', 'x')).toBe(':0');
  });

  test('confirmations stand in the place of replies inside EXEC', async () => {
    const client = await connect(protocol);
    await client.send('MULTI');
    await client.send('SUBSCRIBE', 'q');
    await client.send('PING');
    const pong = protocol === 3 ? '+PONG' : ['$pong', '$'];
    expect(await client.send('EXEC')).toEqual([pushed(protocol, '$subscribe', '$q', ':1'), pong]);
  });
});

describe('a RESP2 client with subscriptions', () => {
  test('may not send what has other replies', async () => {
    const client = await connect(2);
    await client.send('SUBSCRIBE', 'a');
    expect(await client.send('GET', 'x')).toBe(`-ERR Can't execute 'get'${ONLY}`);
    expect(await client.send('CLIENT', 'LIST')).toBe(`-ERR Can't execute 'client|list'${ONLY}`);
    expect(await client.send('MULTI')).toBe(`-ERR Can't execute 'multi'${ONLY}`);
    expect(await client.send('GET')).toBe("-ERR wrong number of arguments for 'get' command");
    await client.send('UNSUBSCRIBE');
    expect(await client.send('GET', 'x')).toBe(null);
  });

  test('gets PONG as an array', async () => {
    const client = await connect(2);
    await client.send('SSUBSCRIBE', 'a');
    expect(await client.send('PING')).toEqual(['$pong', '$']);
    expect(await client.send('PING', 'hi')).toEqual(['$pong', '$hi']);
    expect(await client.send('PING', 'a', 'b')).toBe("-ERR wrong number of arguments for 'ping' command");
  });
});

test('a RESP3 client with subscriptions sends what it likes, its own message comes before the reply', async () => {
  const client = await connect(3);
  await client.send('SUBSCRIBE', 'a');
  expect(await client.send('PING')).toBe('+PONG');
  expect(await client.send('GET', 'x')).toBe('_');
  expect(await client.send('PUBLISH', 'a', 'q')).toEqual({ push: ['$message', '$a', '$q'] });
  expect(await client.reply()).toBe(':1');
});

describe('PUBSUB', () => {
  test('tells channels, patterns and how many listen', async () => {
    const [one, two, asking] = [await connect(2), await connect(2), await connect(2)];
    await one.send('SUBSCRIBE', 'c1');
    await one.send('PSUBSCRIBE', 'p*');
    await two.send('SUBSCRIBE', 'c1');
    await two.send('SUBSCRIBE', 'd1');
    await two.send('PSUBSCRIBE', 'p*');
    await two.send('SSUBSCRIBE', 's1');
    expect(((await asking.send('PUBSUB', 'CHANNELS')) as string[]).sort()).toEqual(['$c1', '$d1']);
    expect(await asking.send('PUBSUB', 'CHANNELS', 'c*')).toEqual(['$c1']);
    expect(await asking.send('PUBSUB', 'NUMSUB', 'c1', 'd1', 'no')).toEqual([
      ...['$c1', ':2', '$d1', ':1', '$no', ':0'],
    ]);
    expect(await asking.send('PUBSUB', 'NUMSUB')).toEqual([]);
    expect(await asking.send('PUBSUB', 'NUMPAT')).toBe(':1');
    expect(await asking.send('PUBSUB', 'SHARDCHANNELS')).toEqual(['$s1']);
    expect(await asking.send('PUBSUB', 'SHARDCHANNELS', 'x*')).toEqual([]);
    expect(await asking.send('PUBSUB', 'SHARDNUMSUB', 's1', 'c1')).toEqual(['$s1', ':1', '$c1', ':0']);
  });

  test('refuses what it does not know', async () => {
    const client = await connect(2);
    expect(await client.send('PUBSUB')).toBe("-ERR wrong number of arguments for 'pubsub' command");
    expect(await client.send('PUBSUB', 'Foo')).toBe("-ERR unknown subcommand 'Foo'. Try PUBSUB HELP.");
    expect(await client.send('PUBSUB', 'NUMPAT', 'x')).toBe(
      "-ERR wrong number of arguments for 'pubsub|numpat' command",
    );
    expect(await client.send('PUBSUB', 'Channels', 'a', 'b')).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'Channels'. Try PUBSUB HELP.",
    );
  });
});

test('CLIENT LIST shows the subscriptions and the flag P', async () => {
  const client = await connect(3);
  await client.send('CLIENT', 'SETNAME', 'listener');
  await client.send('SUBSCRIBE', 'a', 'b');
  await client.reply();
  await client.send('PSUBSCRIBE', 'p');
  await client.send('SSUBSCRIBE', 's');
  const asking = await connect(2);
  const line = String(await asking.send('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  expect(line).toMatch(
    /^\$id=\d+ addr=127\.0\.0\.1:\d+ .* name=listener .* flags=P db=0 sub=2 psub=1 ssub=1 /,
  );
  expect(line.trim().split('\n')).toHaveLength(1);
  expect(String(await asking.send('CLIENT', 'LIST', 'TYPE', 'normal'))).not.toContain('name=listener');
});
