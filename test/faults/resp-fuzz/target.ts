import { readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Random } from '../../support/differential.ts';
import { model } from '../../support/node.ts';
import { encode, floats, type Parsed, RespClient } from '../../support/resp-client.ts';
import { type ServedNode, startServeOn } from '../../support/serve.ts';
import { parseTyped } from '../../support/typed-client.ts';
import { STORED_MODEL } from './streams.ts';

/** What the users of the campaign may not do: end or hold the node, or touch what belongs to others. */
const DENIED = [
  ...['shutdown', 'debug', 'migrate', 'flushall', 'flushdb', 'swapdb', 'client|pause', 'client|kill'],
  ...[
    'config|set',
    'config|resetstat',
    'acl|setuser',
    'acl|deluser',
    'acl|load',
    'acl|save',
    'module|load',
    'ai.config',
  ],
];
const ADMIN_PASSWORD = 'only the campaign itself knows this';
/** A node that has not answered or closed by then hangs. */
const PATIENCE_MS = 20_000;
/** Strings and bulks of the campaign stay small, or each of its "huge" numbers would cost 512 MiB to zero. */
const MAX_BULK_BYTES = 16 * 1024 * 1024;
const CANARY = 'canary:{5d2f0c8e}:';

export interface Figures {
  readonly clients: number;
  readonly blocked: number;
  readonly channels: number;
  readonly usedBytes: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly sessions: number;
  /** Run so far, and how many different ones. */
  readonly commands: number;
  readonly commandNames: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** How a connection of the campaign ends. */
export type Ending =
  /** All is sent and the sending side closed: the node answers what it understood and closes. */
  | 'closed'
  /** As before, with a command behind that tells whether the node found back into the stream. */
  | 'marked'
  /** Gone as soon as all is sent, in the midst of the replies. */
  | 'dropped'
  /** Sends, reads nothing, and is gone. */
  | 'deaf';
const ENDINGS: readonly Ending[] = ['closed', 'closed', 'marked', 'marked', 'marked', 'dropped', 'deaf'];

/** A node that is attacked, and its owner's connection to it, which sees to it that all others' data stays as it is. */
export class Target {
  readonly node: ServedNode;
  readonly #admin: RespClient;
  readonly #canaries = new Map<string, Buffer>();
  #checks = 0;

  private constructor(node: ServedNode, admin: RespClient) {
    this.node = node;
    this.#admin = admin;
  }

  /** @param folder for its data; users.acl is written to it. */
  static async start(folder: string): Promise<Target> {
    const users = path.join(folder, 'users.acl');
    const denied = DENIED.map((name) => `-${name}`).join(' ');
    writeFileSync(
      users,
      `user default on nopass ~* &* +@all ${denied}\nuser owner on >${ADMIN_PASSWORD.replaceAll(' ', '-')} ~* &* +@all\n`,
    );
    const node = await startServeOn(
      path.join(folder, 'data'),
      ...[
        '--aclfile',
        users,
        '--log-format',
        'json',
        '--model-execution-timeout',
        '1000',
        '--maxmemory',
        '1gb',
      ],
    );
    const admin = await RespClient.connect(node.port);
    const target = new Target(node, admin);
    await target.#must('OK', 'AUTH', 'owner', ADMIN_PASSWORD.replaceAll(' ', '-'));
    await target.#must('OK', 'CONFIG', 'SET', 'proto-max-bulk-len', MAX_BULK_BYTES, 'lua-time-limit', 300);
    return target;
  }

  /** Puts a value of each type under keys that nobody else knows. */
  async plantCanaries(): Promise<void> {
    const values: [string, ...(string | number | Uint8Array)[]][] = [
      ['SET', 'string', Buffer.from('\x00\xff bytes', 'latin1')],
      ['HSET', 'hash', 'f', 'v', 'n', 7],
      ['RPUSH', 'list', 'a', 'b', 'c'],
      ['SADD', 'set', 'a', 'b', 1],
      ['ZADD', 'zset', 1, 'a', 2.5, 'b'],
      ['AI.TENSORSET', 'tensor', 'FLOAT', 1, 4, 'BLOB', floats(1, 2, 3, 4)],
      ['AI.MODELSTORE', 'model', 'ONNX', 'CPU', 'BLOB', model('relu_1x4')],
    ];
    for (const [command, key, ...args] of values) {
      const reply = await this.#admin.send(command, CANARY + key, ...args);
      if (reply instanceof Error) throw reply;
      this.#canaries.set(CANARY + key, asBytes(await this.#admin.send('DUMP', CANARY + key)));
    }
  }

  /** Payloads of DUMP, one of each type. */
  dumps(): Buffer[] {
    return [...this.#canaries.values()];
  }

  /** @throws Error unless the node answers at once and one of the canaries, each in its turn, is what it was. */
  async check(): Promise<void> {
    const token = `alive ${this.#checks}`;
    const keys = [...this.#canaries.keys()];
    const key = keys[this.#checks++ % keys.length] as string;
    const both = Promise.all([this.#admin.send('PING', token), this.#admin.send('DUMP', key)]);
    const [pong, dump] = await within(both, 'the node does not answer another client');
    if (pong !== token) throw new Error(`PING of another client is answered with ${String(pong)}`);
    if (!this.#canaries.get(key)?.equals(asBytes(dump))) throw new Error(`${key} has changed`);
    const found = /"level":[56]0.*/.exec(this.node.log()) ?? /internal error.*/.exec(this.node.log());
    if (found !== null) throw new Error(`the node has logged ${found[0]}`);
  }

  /** Stores what the campaign's requests work with. */
  async plantProps(): Promise<void> {
    await this.#must('OK', 'AI.MODELSTORE', STORED_MODEL, 'ONNX', 'CPU', 'BLOB', model('mul'));
  }

  /** Deletes what the campaign has left so far; the canaries stay. */
  async sweep(): Promise<void> {
    const keys = (await this.#admin.send('KEYS', '*')) as (string | Buffer)[];
    const others = keys.filter((key) => !this.#canaries.has(String(key)));
    for (let i = 0; i < others.length; i += 1000)
      await this.#admin.send('UNLINK', ...others.slice(i, i + 1000));
    await this.#must('OK', 'SCRIPT', 'FLUSH');
    await this.plantProps();
    for (const _ of this.#canaries) await this.check();
  }

  /** Deletes everything. */
  async empty(): Promise<void> {
    this.#canaries.clear();
    await this.#must('OK', 'FLUSHALL');
    await this.#must('OK', 'SCRIPT', 'FLUSH');
    await this.#must('OK', 'MEMORY', 'PURGE');
  }

  async figures(): Promise<Figures> {
    const text = String(await this.#admin.send('INFO', 'everything'));
    const field = (name: string) => Number(new RegExp(`^${name}:(.*)\\r$`, 'm').exec(text)?.[1]);
    const count = (what: string) => readdirSync(`/proc/${this.node.pid}/${what}`).length;
    return {
      clients: field('connected_clients'),
      blocked: field('blocked_clients'),
      channels: field('pubsub_channels') + field('pubsub_patterns') + field('pubsubshard_channels'),
      usedBytes: field('used_memory'),
      rssBytes: field('used_memory_rss'),
      heapBytes: field('v8_heap_used'),
      sessions: field('ai_sessions'),
      commands: field('total_commands_processed'),
      commandNames: text.match(/^cmdstat_/gm)?.length ?? 0,
      descriptors: count('fd'),
      threads: count('task'),
    };
  }

  /**
   * Sends bytes on a connection of their own, cut at random places.
   * @returns how it ended, and for a marked one whether the node understood the mark.
   * @throws Error where what comes back is no RESP, or the node does not end the connection.
   */
  async attack(bytes: Uint8Array, random: Random): Promise<{ ending: Ending; inStep: boolean }> {
    const ending = random.pick(ENDINGS);
    const mark = `mark-${random.below(2 ** 32)}`;
    const sent =
      ending === 'marked' ? Buffer.concat([bytes, Buffer.from('\r\n'), encode(['ECHO', mark])]) : bytes;
    const socket = net.connect({
      port: this.node.port,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    const chunks: Buffer[] = [];
    socket.on('error', () => {});
    if (ending === 'deaf') socket.pause();
    else socket.on('data', (chunk) => chunks.push(chunk));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await Promise.race([new Promise<void>((resolve) => socket.once('connect', () => resolve())), closed]);
    for (const piece of pieces(sent, random)) {
      socket.write(piece);
      await turn();
    }
    if (ending === 'closed' || ending === 'marked') {
      socket.end();
    } else {
      const taken = new Promise<void>((resolve) => socket.write('', () => resolve()));
      await within(Promise.race([taken, closed]), 'the node does not read');
      if (ending === 'deaf') await this.check();
      if (random.below(2) === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    await within(closed, 'the node does not end the connection');
    const answer = Buffer.concat(chunks);
    checkReplies(answer);
    return { ending, inStep: ending === 'marked' && answer.includes(`\r\n${mark}\r\n`) };
  }

  close(): void {
    this.#admin.close();
  }

  async #must(expected: string, ...args: (string | number | Uint8Array)[]): Promise<void> {
    const reply = await this.#admin.send(...args);
    if (reply !== expected) throw new Error(`${args.join(' ')}: ${String(reply)}`);
  }
}

function pieces(bytes: Uint8Array, random: Random): Uint8Array[] {
  const cuts = new Set<number>();
  const byByte = bytes.length < 200 && random.below(10) === 0;
  for (let i = byByte ? bytes.length : random.below(6); i > 0; i--) {
    cuts.add(byByte ? i : random.below(bytes.length));
  }
  const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((to, i) => bytes.subarray(at[i], to));
}

/** @throws Error where the bytes are no replies, or one of them tells of a bug. The last may be cut off. */
function checkReplies(answer: Buffer): void {
  for (let at = 0; at < answer.length; ) {
    // The file that SYNC sends is no reply, and ends the connection.
    if (answer.toString('latin1', at, at + 5) === '$EOF:') break;
    const found = parseTyped(answer, at);
    if (found === undefined) break;
    at = found.end;
  }
  if (answer.includes('ERR internal error')) throw new Error('a reply is ERR internal error');
}

function asBytes(reply: Parsed): Buffer {
  return Buffer.isBuffer(reply) ? reply : Buffer.from(String(reply));
}

async function within<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
