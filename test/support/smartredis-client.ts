import calculateSlot from 'cluster-key-slot';
import { expect } from 'vitest';
import { type Typed, TypedClient } from './typed-client.ts';

/** Its default for SR_MODEL_TIMEOUT, ms. */
export const MODEL_TIMEOUT = 60_000_000;

type Word = string | number | Uint8Array;

/** The command that runs `name` with those keys. */
type RunCommand = (name: string, inputs: string[], outputs: string[]) => Word[];

const modelExecute: RunCommand = (name, inputs, outputs) => [
  ...['AI.MODELEXECUTE', name, 'INPUTS', inputs.length, ...inputs],
  ...['OUTPUTS', outputs.length, ...outputs, 'TIMEOUT', MODEL_TIMEOUT],
];

/** One row of CLUSTER SLOTS: it takes each for a database node of its own. */
export interface DatabaseNode {
  readonly lower: number;
  readonly upper: number;
  readonly port: number;
  /** Two raw bytes that hash to `lower`, one character a byte. */
  readonly prefix: string;
}

/** All two-byte hash tags of a slot that have no brace in them. */
export function prefixesOf(slot: number): string[] {
  const found: string[] = [];
  for (let bytes = 0; bytes <= 0xffff; bytes++) {
    const tag = Buffer.from([bytes >> 8, bytes & 0xff]);
    if (!tag.includes('{') && !tag.includes('}') && calculateSlot(tag) === slot)
      found.push(tag.toString('latin1'));
  }
  return found;
}

/** What SmartRedis sends in clustered mode, command by command, over RESP2 and without following redirections. */
export class SmartRedis {
  readonly nodes: readonly DatabaseNode[];
  readonly #connections: ReadonlyMap<number, TypedClient>;

  private constructor(nodes: readonly DatabaseNode[], connections: ReadonlyMap<number, TypedClient>) {
    this.nodes = nodes;
    this.#connections = connections;
  }

  static async connect(seed: number): Promise<SmartRedis> {
    const first = await TypedClient.connect(seed);
    const rows = (await first.send('CLUSTER', 'SLOTS')) as [string, string, [string, string, string]][];
    first.close();
    const nodes = rows.map(([min, max, [ip, port, id]]) => {
      expect([min[0], max[0], ip, port[0]]).toEqual([':', ':', '$127.0.0.1', ':']);
      expect(id).toMatch(/^\$[0-9a-f]{40}$/);
      const lower = Number(min.slice(1));
      const [prefix] = prefixesOf(lower) as [string];
      return { lower, upper: Number(max.slice(1)), port: Number(port.slice(1)), prefix };
    });
    const connections = new Map<number, TypedClient>();
    for (const { port } of nodes) connections.set(port, await TypedClient.connect(port));
    return new SmartRedis(nodes, connections);
  }

  /** A command for one address, as for those without a key. */
  at(node: DatabaseNode, ...words: Word[]): Promise<Typed> {
    const connection = this.#connections.get(node.port) as TypedClient;
    return connection.send(
      ...words.map((word) => (typeof word === 'string' ? Buffer.from(word, 'latin1') : word)),
    );
  }

  /** A command for the node that has the key, its first argument. */
  send(name: string, key: string, ...words: Word[]): Promise<Typed> {
    return this.at(this.nodeOf(key), name, key, ...words);
  }

  nodeOf(key: string): DatabaseNode {
    const slot = calculateSlot(Buffer.from(key, 'latin1'));
    return this.nodes.find(({ lower, upper }) => lower <= slot && slot <= upper) as DatabaseNode;
  }

  /** The same command at all nodes, the replies in their order. */
  everywhere(command: (node: DatabaseNode) => Word[]): Promise<Typed[]> {
    return Promise.all(this.nodes.map((node) => this.at(node, ...command(node))));
  }

  putTensor(key: string, dtype: string, shape: readonly number[], bytes: Uint8Array): Promise<Typed> {
    return this.send('AI.TENSORSET', key, dtype, ...shape, 'BLOB', bytes);
  }

  /** Takes the reply apart as it does: type at 1, dimensions at 3, bytes at 5. */
  async getTensor(key: string): Promise<{ dtype: string; shape: number[]; bytes: Uint8Array }> {
    const reply = (await this.send('AI.TENSORGET', key, 'META', 'BLOB')) as [
      ...[string, string, string, string[], string, string],
    ];
    expect([reply.length, reply[0], reply[2], reply[4]]).toEqual([6, '$dtype', '$shape', '$blob']);
    expect([reply[1][0], ...reply[3].map((size) => size[0])]).toEqual(['$', ...reply[3].map(() => ':')]);
    return {
      dtype: reply[1].slice(1),
      shape: reply[3].map((size) => Number(size.slice(1))),
      bytes: Buffer.from(reply[5].slice(1), 'latin1'),
    };
  }

  async copyTensor(from: string, to: string): Promise<void> {
    const { dtype, shape, bytes } = await this.getTensor(from);
    expect(await this.putTensor(to, dtype, shape, bytes)).toBe('+OK');
  }

  /** One copy a node, under its prefix. */
  setModel(name: string, device: string, blobs: readonly Uint8Array[], ...options: Word[]): Promise<Typed[]> {
    return this.everywhere(({ prefix }) => [
      ...['AI.MODELSTORE', `{${prefix}}.${name}`, 'ONNX', device, ...options, 'BLOB', ...blobs],
    ]);
  }

  /** Copies the inputs to a node, runs there, copies the outputs back and deletes the copies. */
  async runModel(
    node: DatabaseNode,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    run: RunCommand = modelExecute,
  ): Promise<Typed> {
    const copy = (key: string) => `{${node.prefix}}.${key}.TMP`;
    for (const key of inputs) await this.copyTensor(key, copy(key));
    const reply = await this.at(
      node,
      ...run(`{${node.prefix}}.${name}`, inputs.map(copy), outputs.map(copy)),
    );
    if (reply === '+OK') for (const key of outputs) await this.copyTensor(copy(key), key);
    const copies = new Set([...inputs, ...(reply === '+OK' ? outputs : [])].map(copy));
    expect(await this.at(node, 'UNLINK', ...copies)).toBe(`:${copies.size}`);
    return reply;
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }
}

/** "# Section" and "key:value" lines ending in CRLF, as it parses INFO and CLUSTER INFO; anything else is an error. */
export function parseInfo(reply: Typed): Map<string, Map<string, string>> {
  expect(reply).toMatch(/^\$/);
  const sections = new Map([['', new Map<string, string>()]]);
  let current = '';
  const lines = (reply as string).slice(1).split('\r\n');
  expect(lines.pop()).toBe('');
  for (const line of lines) {
    if (line === '') continue;
    if (line.startsWith('# ')) {
      current = line.slice(2);
      sections.set(current, new Map());
    } else {
      expect(line).toMatch(/^[^:\n]+:[^\n]*$/);
      const colon = line.indexOf(':');
      sections.get(current)?.set(line.slice(0, colon), line.slice(colon + 1));
    }
  }
  return sections;
}
