import type { Typed } from './typed-client.ts';
import { TypedClient } from './typed-client.ts';

/** An argument, bytes as text of one character a byte. */
export type Words = readonly string[];

/** Kinds of arguments by name, each giving one at random. */
export type Kinds = Readonly<Record<string, (random: Random) => string>>;

/** How the replies of the two servers are compared: as they are, in any order, by their type and size only, or not at all. */
export type Comparison = 'exact' | 'unordered' | 'shape' | 'none';

/** A seeded generator (mulberry32), so that a failure can be repeated. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/**
 * A command from a template such as `HSET key field value+`: words in lower case are kinds, others stand for themselves; `+` repeats one to
 * four times, `?` leaves out half of the time. One in twelve loses an argument, gains one, or has one replaced, to be refused alike.
 */
export function fromTemplate(template: string, kinds: Kinds, random: Random): string[] {
  const words: string[] = [];
  for (const group of template.split(' ')) {
    const times = group.endsWith('+') ? 1 + random.below(4) : group.endsWith('?') ? random.below(2) : 1;
    for (let i = 0; i < times; i++) {
      for (const word of group.replace(/[+?]$/, '').split(',')) words.push(kinds[word]?.(random) ?? word);
    }
  }
  if (random.below(12) !== 0) return words;
  const anything = kinds[random.pick(Object.keys(kinds))] as (random: Random) => string;
  const at = 1 + random.below(words.length);
  words.splice(at, random.below(2), ...(random.below(2) === 0 ? [anything(random)] : []));
  return words;
}

/** Sends the same commands to two servers and collects where their replies differ. */
export class Differential {
  readonly #ours: TypedClient;
  readonly #theirs: TypedClient;

  private constructor(ours: TypedClient, theirs: TypedClient) {
    this.#ours = ours;
    this.#theirs = theirs;
  }

  static async connect(ours: number, theirs: number, protocol: 2 | 3): Promise<Differential> {
    const clients = [await TypedClient.connect(ours), await TypedClient.connect(theirs)] as const;
    if (protocol === 3) for (const client of clients) await client.send('HELLO', 3);
    return new Differential(...clients);
  }

  /** Sends them all at once. */
  async differences(commands: readonly Words[], compare: (command: Words) => Comparison): Promise<string[]> {
    const bytes = (words: Words) => words.map((word) => Buffer.from(word, 'latin1'));
    const answers = commands.map((words) => [
      this.#ours.send(...bytes(words)),
      this.#theirs.send(...bytes(words)),
    ]);
    const found: string[] = [];
    for (const [i, words] of commands.entries()) {
      const [ours, theirs] = (await Promise.all(answers[i] as Promise<Typed>[])).map((reply) =>
        JSON.stringify(normalized(reply, compare(words))),
      );
      if (ours !== theirs) found.push(`${i}: ${JSON.stringify(words)}\n  ours   ${ours}\n  theirs ${theirs}`);
    }
    return found;
  }

  close(): void {
    this.#ours.close();
    this.#theirs.close();
  }
}

function normalized(reply: Typed, comparison: Comparison): unknown {
  if (comparison === 'none') return null;
  if (comparison === 'exact' || (typeof reply === 'string' && reply.startsWith('-'))) return reply;
  return comparison === 'unordered' ? sorted(reply) : shape(reply);
}

/** The elements at all levels in an order of their own. */
function sorted(reply: Typed): unknown {
  if (Array.isArray(reply)) return [...reply.map(sorted)].sort(byText);
  if (reply === null || typeof reply === 'string') return reply;
  if ('map' in reply) return { map: [...reply.map].sort(byText) };
  return 'set' in reply ? { set: [...reply.set].sort(byText) } : reply;
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function shape(reply: Typed): unknown {
  if (reply === null) return null;
  if (typeof reply === 'string') return reply[0];
  if (Array.isArray(reply)) return reply.map(shape);
  if ('map' in reply) return { map: reply.map.length };
  return 'set' in reply ? { set: reply.set.length } : { push: reply.push.length };
}

interface Comparing {
  readonly templates: readonly string[];
  readonly kinds: Kinds;
  readonly seed: number;
  readonly count: number;
  readonly protocol: 2 | 3;
  readonly compare: (command: Words) => Comparison;
  /** What follows a command whose outcome is up to chance, so that both servers go on from the same state. */
  readonly settle?: (command: Words) => Words | undefined;
}

/** Sends `count` random commands, the same for the same seed, and in between looks at all keys: gives the differences in replies. */
export async function randomDifferences(
  ours: number,
  theirs: number,
  comparing: Comparing,
): Promise<string[]> {
  const { templates, kinds, compare, settle } = comparing;
  const random = new Random(comparing.seed);
  const differential = await Differential.connect(ours, theirs, comparing.protocol);
  const found = await differential.differences([['FLUSHALL']], () => 'exact');
  try {
    for (let sent = 0; sent < comparing.count && found.length === 0; sent += BATCH) {
      const commands: Words[] = [];
      for (let i = 0; i < BATCH; i++) {
        const command = fromTemplate(random.pick(templates), kinds, random);
        const after = settle?.(command);
        commands.push(command, ...(after === undefined ? [] : [after]));
      }
      found.push(...(await differential.differences([...commands, ...LOOKS], compare)));
    }
  } finally {
    differential.close();
  }
  return found;
}

const BATCH = 100;
const LOOKS: readonly Words[] = [['DBSIZE'], ['KEYS', '*']];
