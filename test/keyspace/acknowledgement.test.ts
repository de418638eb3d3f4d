import { readdirSync, readFileSync, stat } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { emptyFolder, openKeyspace, string, turn } from './durable-keyspace.ts';

function isInLog(folder: string, text: string): boolean {
  const logs = readdirSync(folder).filter((name) => /^log-\d+\.bin$/.test(name));
  return logs.some((name) => readFileSync(path.join(folder, name)).includes(text));
}

/** Holds this thread, so that what others do for it is all done when it goes on. */
const hold = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('with always, what arrives while a sync ends is not acknowledged by it: it is not in the log yet', async () => {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
  persistence.durability = 'always';
  const early: string[] = [];
  for (let i = 0; i < 20; i++) {
    keyspace.set('early', string(`early ${i}`));
    await turn();
    // The sync of that is under way. Its end and that of this call are told of in the same round of the event loop, in this order: the later
    // write is made when its turn has not ended, and then the sync ends.
    const acknowledged = new Promise<void>((resolve) => {
      stat(folder, () => {
        const text = `late ${i}.`;
        keyspace.set('late', string(text));
        const isHeld = persistence.holds(() => {
          if (!isInLog(folder, text)) early.push(text);
          resolve();
        });
        expect(isHeld).toBe(true);
      });
    });
    hold(25);
    await acknowledged;
  }
  expect(early).toEqual([]);
});

test('who writes right after a change to always is answered, a sync of everysec being under way', async () => {
  const { keyspace, persistence } = openKeyspace(emptyFolder());
  keyspace.set('k', string('to be synced'));
  await turn();
  const acknowledged = new Promise<boolean>((resolve) => {
    // As long as the keyspace's own timer and made after it, so it comes right behind: the sync has begun and cannot have ended.
    const timer = setInterval(() => {
      clearInterval(timer);
      persistence.durability = 'always';
      keyspace.set('k', string('after'));
      expect(persistence.holds(resolve)).toBe(true);
    }, 1000);
  });
  const late = new Promise<string>((resolve) => setTimeout(resolve, 5000, 'never answered').unref());
  expect(await Promise.race([acknowledged, late])).toBe(true);
});
