import { chmodSync, lstatSync, rmSync } from 'node:fs';
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { Connection, Origin } from './protocol/connection.ts';
import { connectInProcess } from './protocol/in-process.ts';
import { createServer, createTlsServer } from './protocol/socket-servers.ts';
import { readTlsFiles, serverOptions, type TlsFiles, type TlsOptions } from './protocol/tls-options.ts';

export interface UnixSocketOptions {
  readonly path: string;
  /** File mode, such as 0o700; null leaves it to the umask. */
  readonly mode: number | null;
}

export interface ListenerOptions {
  /** Addresses to listen on, for plain and TLS connections alike. One with a `-` in front may be missing on this machine. */
  readonly hosts: readonly string[];
  /** Port for plain connections; 0 lets the system choose, null turns them off. */
  readonly port: number | null;
  readonly tls: TlsOptions | null;
  readonly unixSocket: UnixSocketOptions | null;
}

export interface ListenerHost {
  /** Null: refused. */
  accept(socket: Socket, origin: Origin): Connection | null;
  /** Whether no more clients may come, that many being in a TLS handshake. */
  isFull(handshakes: number): boolean;
}

/** The places where a node takes connections: plain, TLS, unix socket. */
export class Listeners {
  readonly #options: ListenerOptions;
  readonly #host: ListenerHost;
  readonly #servers: Server[] = [];
  readonly #tlsServers: TlsServer[] = [];
  #port = 0;
  #tlsPort = 0;
  #handshakes = 0;
  readonly #rawTlsSockets = new Set<Socket>();
  tlsFiles: TlsFiles;

  constructor(options: ListenerOptions, host: ListenerHost) {
    this.#options = options;
    this.#host = host;
    this.tlsFiles = options.tls?.files ?? { certFile: '', keyFile: '', caCertFile: '' };
  }

  get hosts(): readonly string[] {
    return this.#options.hosts;
  }

  /** The port for plain connections, 0 where there are none. */
  get port(): number {
    return this.#port;
  }

  /** The port for TLS connections, 0 where there are none. */
  get tlsPort(): number {
    return this.#tlsPort;
  }

  get tlsAuthClients(): string {
    return this.#options.tls?.authClients ?? 'yes';
  }

  get unixSocket(): UnixSocketOptions | null {
    return this.#options.unixSocket;
  }

  /** Starts to listen everywhere. @throws the system's error, such as EADDRINUSE, or the reason why the TLS files are of no use. */
  async listen(): Promise<void> {
    const { port, tls, unixSocket } = this.#options;
    try {
      if (port !== null) this.#port = await this.#listenOnHosts(port, () => this.#plainServer(null));
      if (tls !== null) this.#tlsPort = await this.#listenOnHosts(tls.port, () => this.#tlsServer(tls));
      if (unixSocket !== null) await this.#listenOnPath(unixSocket);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes no more connections, and ends those that are in a handshake or over TLS. Resolves when all others have ended too. */
  async close(): Promise<void> {
    for (const socket of this.#rawTlsSockets) socket.destroy();
    const servers = this.#servers.filter((server) => server.listening);
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  /** Connects a client within the process that speaks for one at that address. @returns the client's end. */
  connect(remoteAddress: string): Duplex {
    return connectInProcess(remoteAddress, (socket) =>
      this.#host.accept(socket, { secure: false, unixPath: null }),
    );
  }

  /** Reads the TLS files again for connections to come. @throws the reason why they are of no use; the old ones stay. */
  reloadTls(): void {
    if (this.#tlsServers.length === 0) return;
    const context = readTlsFiles(this.tlsFiles);
    for (const server of this.#tlsServers) server.setSecureContext(context);
  }

  async #listenOnHosts(wanted: number, create: () => Server): Promise<number> {
    let port = wanted;
    for (const text of this.#options.hosts) {
      const optional = text.startsWith('-');
      const host = WILDCARDS[optional ? text.slice(1) : text] ?? (optional ? text.slice(1) : text);
      const server = create();
      try {
        await this.#start(server, { host, port, ipv6Only: true });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (optional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue;
        throw error;
      }
      port = (server.address() as AddressInfo).port;
    }
    return port;
  }

  async #listenOnPath({ path, mode }: UnixSocketOptions): Promise<void> {
    // A server that was killed leaves its socket behind; anything else of that name is not ours to remove.
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
    const server = this.#plainServer(path);
    if (mode === null) {
      await this.#start(server, { path });
      return;
    }
    // Made with that mode from the start: chmod alone would leave a moment in which others could connect.
    const before = process.umask(0o777 & ~mode);
    const started = this.#start(server, { path });
    process.umask(before);
    await started;
    chmodSync(path, mode);
  }

  #plainServer(unixPath: string | null): Server {
    return createServer((socket) => this.#host.accept(socket, { secure: false, unixPath }));
  }

  #tlsServer(options: TlsOptions): Server {
    const server = createTlsServer(serverOptions(options), (socket) => {
      if (options.authClients !== 'optional' || isAcceptable(socket)) {
        return this.#host.accept(socket, { secure: true, unixPath: null });
      }
      socket.destroy();
      return null;
    });
    // Each of these ends in exactly one of the other two.
    server.on('connection', (raw: Socket) => {
      this.#rawTlsSockets.add(raw);
      raw.once('close', () => this.#rawTlsSockets.delete(raw));
      if (this.#host.isFull(this.#handshakes++)) raw.destroy();
    });
    server.prependListener('secureConnection', () => this.#handshakes--);
    server.on('tlsClientError', () => this.#handshakes--);
    this.#tlsServers.push(server);
    return server;
  }

  async #start(server: Server, where: ListenOptions): Promise<void> {
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.off('error', reject);
        resolve();
      });
    });
  }
}

/** As Redis writes "all addresses". */
const WILDCARDS: Record<string, string> = { '*': '0.0.0.0', '::*': '::' };

/** With `optional` a client may come without a certificate, not with a wrong one. */
function isAcceptable(socket: TLSSocket): boolean {
  return socket.authorized || Object.keys(socket.getPeerCertificate()).length === 0;
}
