import { createHash } from 'node:crypto';
import { RespClient } from '../support/resp-client.ts';

/** Numbers that look random and are the same in every run. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/**
 * A client with keys of its own that knows of each what the server has acknowledged, and what it may have done besides: the one command that
 * was under way when the connection broke.
 */
export class Writer {
  readonly #name: string;
  readonly #random: (below: number) => number;
  /** For each key what it has to hold: one of these. */
  readonly #acknowledged = new Map<string, string>();
  #underWay: { readonly key: string; readonly after: string } | null = null;
  /** Elements of the list, members of the sorted set: they are only added to and taken from. */
  #pushed = 0;
  #popped = 0;
  #steps = 0;

  constructor(name: string, seed: number) {
    this.#name = name;
    this.#random = randomFrom(seed);
  }

  /** Commands that were acknowledged. */
  get steps(): number {
    return this.#steps;
  }

  /** Writes until the connection breaks. */
  async write(port: number): Promise<void> {
    let client: RespClient;
    try {
      client = await RespClient.connect(port);
    } catch {
      return;
    }
    try {
      for (;;) await this.#step(client);
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'connection closed') throw error;
    } finally {
      client.close();
    }
  }

  /** What is missing or wrong on the server; empty where all that was acknowledged is there. */
  async check(client: RespClient): Promise<string[]> {
    const wrong: string[] = [];
    for (const [key, acknowledged] of this.#acknowledged) {
      const found = await read(client, key);
      const maybe = this.#underWay?.key === key ? this.#underWay.after : acknowledged;
      if (found !== acknowledged && found !== maybe) {
        wrong.push(`${key}: found ${found}, acknowledged ${acknowledged}, under way ${maybe}`);
      }
      // What was under way may have happened: from here on it has, or has not.
      this.#acknowledged.set(key, found);
      if (key === `${this.#name}:list`) this.#adopt(found);
    }
    this.#underWay = null;
    return wrong;
  }

  #adopt(list: string): void {
    const elements = list === 'none' ? [] : list.split(',').map(Number);
    // Of an empty list nothing tells where it was: it begins anew.
    this.#popped = elements[0] ?? 0;
    this.#pushed = elements.length === 0 ? 0 : (elements.at(-1) as number) + 1;
  }

  async #step(client: RespClient): Promise<void> {
    const n = this.#random(1_000_000);
    const key = (kind: string) => `${this.#name}:${kind}`;
    switch (this.#random(8)) {
      case 0:
        return this.#send(client, key('string'), `string ${n}`, ['SET', key('string'), n]);
      case 1: {
        const bytes = Buffer.alloc(4 + this.#random(60_000), n % 256);
        const after = `tensor ${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`;
        return this.#send(client, key('tensor'), after, [
          ...['AI.TENSORSET', key('tensor'), 'UINT8', bytes.length, 'BLOB', bytes],
        ]);
      }
      case 2:
        return this.#send(client, key('hash'), this.#hashAfter(key('hash'), n), [
          ...['HSET', key('hash'), `f${n % 5}`, n],
        ]);
      case 3:
      case 4:
        this.#pushed++;
        return this.#send(client, key('list'), this.#list(), ['RPUSH', key('list'), this.#pushed - 1]);
      case 5:
        if (this.#popped === this.#pushed) return;
        this.#popped++;
        return this.#send(client, key('list'), this.#list(), ['LPOP', key('list')]);
      case 6:
        return this.#send(client, key('string'), 'none', ['DEL', key('string')]);
      default:
        return this.#both(client, n);
    }
  }

  /** Two keys in one transaction: after a crash both have changed or neither. */
  async #both(client: RespClient, n: number): Promise<void> {
    const key = `${this.#name}:pair`;
    client.send('MULTI').catch(() => {});
    client.send('SET', `${key}:1`, n).catch(() => {});
    client.send('SET', `${key}:2`, n).catch(() => {});
    await this.#send(client, key, `pair ${n} ${n}`, ['EXEC']);
  }

  async #send(
    client: RespClient,
    key: string,
    after: string,
    command: (string | number | Uint8Array)[],
  ): Promise<void> {
    if (!this.#acknowledged.has(key)) this.#acknowledged.set(key, 'none');
    this.#underWay = { key, after };
    const reply = await client.send(...command);
    if (reply instanceof Error) throw reply;
    this.#acknowledged.set(key, after);
    this.#underWay = null;
    this.#steps++;
  }

  #hashAfter(key: string, n: number): string {
    const before = this.#acknowledged.get(key) ?? 'none';
    const fields = new Map(
      before === 'none'
        ? []
        : before
            .slice(5)
            .split(' ')
            .map((field) => field.split('=') as [string, string]),
    );
    fields.set(`f${n % 5}`, String(n));
    return `hash ${[...fields]
      .sort()
      .map(([field, value]) => `${field}=${value}`)
      .join(' ')}`;
  }

  #list(): string {
    const length = this.#pushed - this.#popped;
    return length === 0 ? 'none' : Array.from({ length }, (_, i) => this.#popped + i).join(',');
  }
}

async function read(client: RespClient, key: string): Promise<string> {
  if (key.endsWith(':pair')) {
    const [one, two] = (await client.send('MGET', `${key}:1`, `${key}:2`)) as (string | null)[];
    return one === null && two === null ? 'none' : `pair ${one} ${two}`;
  }
  const type = await client.send('TYPE', key);
  switch (type) {
    case 'none':
      return 'none';
    case 'string':
      return `string ${await client.send('GET', key)}`;
    case 'list':
      return ((await client.send('LRANGE', key, 0, -1)) as string[]).join(',');
    case 'hash': {
      const flat = (await client.send('HGETALL', key)) as string[];
      const pairs = Array.from({ length: flat.length / 2 }, (_, i) => `${flat[2 * i]}=${flat[2 * i + 1]}`);
      return `hash ${pairs.sort().join(' ')}`;
    }
    default: {
      const bytes = Buffer.from((await client.send('AI.TENSORGET', key, 'BLOB')) as Buffer | string);
      return `tensor ${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`;
    }
  }
}
