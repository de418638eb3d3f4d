import { formatReply, parseReply, type ReplyNode, setText, textOf } from './reply-tree.ts';

/** Where clients reach a node. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  /** 0 where there is none. */
  readonly tlsPort: number;
}

/** A Redis as its cluster knows it, with the node before it. */
export interface BookEntry {
  readonly redis: { readonly host: string; readonly port: number };
  readonly node: NodeAddress;
}

/** Commands whose replies have addresses in them, by what has to be looked for. */
const LISTS = new Set(['CLUSTER SLOTS', 'CLUSTER SHARDS', 'ROLE']);
const TEXTS = new Set(['CLUSTER NODES', 'CLUSTER REPLICAS', 'CLUSTER SLAVES', 'INFO']);
const REDIRECTION = /^-(MOVED|ASK) (\d+) (.*):(\d+)\r\n$/;

/**
 * Which node stands before which Redis of a cluster: the Redis nodes know each other's addresses, clients are told those of the nodes. One that
 * is in no entry stays as it is.
 */
export class AddressBook {
  #entries: readonly BookEntry[] = [];
  readonly #ownHost: string;
  readonly #nodes = new Map<string, NodeAddress>();
  readonly #redis = new Map<string, { readonly host: string; readonly port: number }>();

  /** @param ownHost of the Redis that is asked: it leaves its own out as long as it is alone, or where it does not tell hosts at all. */
  constructor(entries: readonly BookEntry[], ownHost: string) {
    this.#ownHost = ownHost;
    this.update(entries);
  }

  /** Takes others instead, as nodes come and go. */
  update(entries: readonly BookEntry[]): void {
    this.#entries = entries;
    this.#nodes.clear();
    this.#redis.clear();
    for (const { redis, node } of entries) {
      this.#nodes.set(`${redis.host}:${redis.port}`, node);
      for (const port of [node.port, node.tlsPort])
        if (port !== 0) this.#redis.set(`${node.host}:${port}`, redis);
    }
  }

  /** Where all of them are, as they know each other. */
  redisNodes(): readonly BookEntry['redis'][] {
    return this.#entries.map(({ redis }) => redis);
  }

  /** A redirection as the client is to follow it; other errors as they are. */
  redirected(line: Buffer, secure: boolean): Buffer {
    const found = REDIRECTION.exec(line.toString('latin1'));
    if (found === null) return line;
    const [, kind, slot, host = '', port = ''] = found;
    const to = this.nodeOf(host, port, secure);
    return to === undefined ? line : Buffer.from(`-${kind} ${slot} ${to.host}:${to.port}\r\n`, 'latin1');
  }

  /** Whether the reply to that command may have addresses in it. @param command such as CLUSTER SLOTS, INFO */
  concerns(command: string): boolean {
    return LISTS.has(command) || TEXTS.has(command);
  }

  /** The reply with the nodes' addresses instead of the Redis nodes'. */
  translated(command: string, reply: Buffer, secure: boolean): Buffer {
    const tree = parseReply(reply);
    if (TEXTS.has(command)) this.#translateTexts(tree, secure);
    else this.#translateLists(tree, secure);
    return formatReply(tree);
  }

  /** The request with a Redis's address where it names a node's. @param args of MIGRATE, CLUSTER MEET, REPLICAOF */
  resolved(args: readonly Buffer[], hostAt: number): Buffer[] {
    const [host, port] = [args[hostAt]?.toString('latin1'), args[hostAt + 1]?.toString('latin1')];
    const redis = this.#redis.get(`${host}:${port}`);
    if (redis === undefined) return [...args];
    return args.map((arg, i) =>
      i === hostAt ? Buffer.from(redis.host) : i === hostAt + 1 ? Buffer.from(String(redis.port)) : arg,
    );
  }

  /** The node before a Redis; undefined where none is known. */
  nodeOf(
    host: string,
    port: string,
    secure: boolean,
  ): { readonly host: string; readonly port: number } | undefined {
    const node = this.#nodes.get(`${host || this.#ownHost}:${port}`);
    if (node === undefined) return undefined;
    return { host: node.host, port: secure && node.tlsPort !== 0 ? node.tlsPort : node.port };
  }

  /** `host:port@bus` in lines of nodes, and the fields of INFO that name others. */
  #translateTexts(node: ReplyNode, secure: boolean): void {
    for (const item of node.items ?? []) this.#translateTexts(item, secure);
    const text = textOf(node);
    if (text === undefined || node.bytes === null) return;
    const swap = (before: string, host: string, between: string, port: string, whole: string) => {
      const to = this.nodeOf(host, port, secure);
      return to === undefined ? whole : `${before}${to.host}${between}${to.port}`;
    };
    const translated = text
      .replace(/( |^)(\S*?)(:)(\d+)(?=@)/gm, (whole, before, host, between, port) =>
        swap(before, host, between, port, whole),
      )
      .replace(/(ip=)([^,]*)(,port=)(\d+)/g, (whole, before, host, between, port) =>
        swap(before, host, between, port, whole),
      )
      .replace(/(master_host:)(.*?)(\r\nmaster_port:)(\d+)/g, (whole, before, host, between, port) =>
        swap(before, host, between, port, whole),
      );
    setText(node, translated);
  }

  /** A host with its port behind it, or both as fields of a map. */
  #translateLists(node: ReplyNode, secure: boolean): void {
    const items = node.items ?? [];
    for (const [i, item] of items.entries()) {
      const next = items[i + 1];
      const [host, port] = [textOf(item), textOf(next)];
      const to = host === undefined || port === undefined ? undefined : this.nodeOf(host, port, secure);
      if (to !== undefined) {
        setText(item, to.host);
        setText(next as ReplyNode, String(to.port));
      }
      this.#translateLists(item, secure);
    }
    this.#translateFields(items, secure);
  }

  /** As CLUSTER SHARDS has them: names and values in turn. */
  #translateFields(items: readonly ReplyNode[], secure: boolean): void {
    const field = (name: string) => {
      const at = items.findIndex((item, i) => i % 2 === 0 && textOf(item) === name);
      return at < 0 ? undefined : items[at + 1];
    };
    const [ip, port] = [field('ip'), field('port') ?? field('tls-port')];
    const to = this.nodeOf(textOf(ip) ?? '', textOf(port) ?? '', secure);
    if (to === undefined) return;
    setText(port as ReplyNode, String(to.port));
    for (const host of [ip, field('endpoint')]) if (host !== undefined) setText(host, to.host);
  }
}
