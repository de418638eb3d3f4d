import { describe, expect, test } from 'vitest';
import { startNodeBeforeRedis } from '../support/engine.ts';
import { noRedis } from '../support/redis-server.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

const ONLY = 'only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';

describe.skipIf(noRedis !== undefined)('a node before a Redis', () => {
  const shared = useSharedNode(startNodeBeforeRedis);
  const send = (client: TypedClient, words: string) => client.send(...(words.split(' ') as [string]));

  test.each(['AI.TENSORGET t VALUES', 'AI.TENSORSET t FLOAT 1 VALUES 2', 'AI.CONFIG GET MODEL_CHUNK_SIZE'])(
    'refuses %s to a RESP2 client that has subscribed, and runs it once it has unsubscribed',
    async (words) => {
      const [client, publisher] = [await shared.connectTyped(), await shared.connectTyped()];
      await send(client, 'AI.TENSORSET t FLOAT 1 VALUES 1');
      expect(await send(client, 'SUBSCRIBE a b')).toEqual(['$subscribe', '$a', ':1']);
      expect(await client.reply()).toEqual(['$subscribe', '$b', ':2']);
      expect(await send(client, 'PSUBSCRIBE x*')).toEqual(['$psubscribe', '$x*', ':3']);
      const name = words.split(' ')[0]?.toLowerCase();
      expect(await send(client, words)).toBe(`-ERR Can't execute '${name}': ${ONLY}`);
      expect(await send(client, 'PING')).toEqual(['$pong', '$']);
      await send(publisher, 'PUBLISH xy hello');
      expect(await client.reply()).toEqual(['$pmessage', '$x*', '$xy', '$hello']);
      expect(await send(client, 'UNSUBSCRIBE')).toEqual(['$unsubscribe', expect.any(String), ':2']);
      expect(await client.reply()).toEqual(['$unsubscribe', expect.any(String), ':1']);
      expect(await send(client, 'PUNSUBSCRIBE')).toEqual(['$punsubscribe', '$x*', ':0']);
      expect(await send(client, 'AI.TENSORGET t VALUES')).toEqual(['$1']);
      expect(String(await send(client, words))).not.toMatch(/^-/);
    },
  );

  test.each([2, 3] as const)(
    'keeps replies and messages apart, whatever they look like, in RESP%i',
    async (protocol) => {
      const [client, publisher] = [await shared.connectTyped(), await shared.connectTyped()];
      if (protocol === 3) await send(client, 'HELLO 3');
      const pushed = (...items: Typed[]): Typed => (protocol === 3 ? { push: items } : items);
      await send(publisher, 'RPUSH l message a x');
      await send(publisher, 'AI.TENSORSET t INT32 1 VALUES 7');
      const large = 'x'.repeat(300_000);
      for (let round = 0; round < 20; round++) {
        const confirmed = send(client, 'SUBSCRIBE a');
        await confirmed;
        await publisher.send('PUBLISH', 'a', large);
        await publisher.send('PUBLISH', 'a', 'small');
        // All at once: the last of them are in normal mode again.
        const sent = [
          'UNSUBSCRIBE',
          'LRANGE l 0 -1',
          'AI.TENSORGET t VALUES',
          'SUBSCRIBE',
          'AI.TENSORGET t VALUES',
        ];
        const replies = Array.from({ length: sent.length + 2 }, () => client.reply());
        client.socket.write(sent.map((line) => `${line}\r\n`).join(''));
        expect(await Promise.all(replies)).toEqual([
          pushed('$message', '$a', `$${large}`),
          pushed('$message', '$a', '$small'),
          pushed('$unsubscribe', '$a', ':0'),
          ['$message', '$a', '$x'],
          [':7'],
          "-ERR wrong number of arguments for 'subscribe' command",
          [':7'],
        ]);
      }
    },
  );

  test('counts a subscription that is refused as one reply', async () => {
    const client = await shared.connectTyped();
    await send(client, 'ACL SETUSER ada on >pw +@all ~* resetchannels &ok');
    for (const protocol of [2, 3]) {
      await send(client, `HELLO ${protocol} AUTH ada pw`);
      await send(client, 'AI.TENSORSET t INT32 1 VALUES 7');
      const sent = [
        'SUBSCRIBE ok no none',
        'AI.TENSORGET t VALUES',
        'PING',
        'UNSUBSCRIBE ok none',
        'AI.TENSORGET t VALUES',
      ];
      const replies = sent.map((words) => send(client, words));
      replies.push(client.reply());
      const [refused, got, pong, first, second, last] = await Promise.all(replies);
      expect(refused).toMatch(/^-NOPERM/);
      expect([got, pong, last]).toEqual([[':7'], '+PONG', [':7']]);
      expect(JSON.stringify([first, second])).toMatch(/unsubscribe.*ok.*unsubscribe.*none/);
    }
    await send(client, 'AUTH default x');
  });

  test.each(['SUBSCRIBE a', 'MONITOR'])('runs AI commands after %s and RESET', async (words) => {
    const [client, other] = [await shared.connectTyped(), await shared.connectTyped()];
    await send(client, words);
    await send(other, 'AI.TENSORSET t INT32 1 VALUES 7');
    if (words === 'MONITOR') {
      expect(await client.reply()).toMatch(/^\+\d+\.\d+ \[0 [^\]]*\] "SET" "t"/);
      expect(await send(client, 'AI.TENSORGET t VALUES')).toMatch(/^-ERR Replica can't interact/);
    }
    expect(await send(client, 'RESET')).toBe('+RESET');
    expect(await send(client, 'AI.TENSORGET t VALUES')).toEqual([':7']);
    await send(other, 'PUBLISH a nobody');
    expect(await send(client, 'PING')).toBe('+PONG');
  });
});
