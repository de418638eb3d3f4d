import { existsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { formatAddress, type NodeAddress } from '../cli/connection/address.ts';
import { ServerConnection } from '../cli/connection/server-connection.ts';
import { type ProgressOutput, startProgress } from '../cli/terminal/progress.ts';
import { copyFrom } from './copy-stream.ts';
import { type FileSummary, inspect } from './inspection.ts';

export interface BackupOptions {
  readonly node: NodeAddress;
  readonly file: string;
  /** Whether a file that is there already is replaced. */
  readonly force: boolean;
  readonly output: ProgressOutput;
  readonly signal: AbortSignal;
}

/**
 * Writes a copy of all keys of a node to a file, which is there only once it is complete, checked and on the disk.
 * @throws Error that says why there is no backup.
 */
export async function backup({ node, file, force, output, signal }: BackupOptions): Promise<FileSummary> {
  const mustBeFree = () => {
    if (!force && existsSync(file)) throw new Error(`${file} is there already: --force replaces it`);
  };
  mustBeFree();
  const part = `${file}.part`;
  try {
    await download(node, part, output, signal);
    const summary = await check(part, output, signal);
    mustBeFree();
    await rename(part, file);
    await syncFolder(path.dirname(file));
    return summary;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function download(
  node: NodeAddress,
  part: string,
  output: ProgressOutput,
  signal: AbortSignal,
): Promise<void> {
  const connection = await ServerConnection.open(node);
  const abort = () => connection.close();
  signal.addEventListener('abort', abort);
  try {
    const total = await usedMemory(connection);
    // Servers that do not know these do without.
    await connection.request('REPLCONF', 'capa', 'eof');
    await connection.request('REPLCONF', 'rdb-only', '1');
    const socket = connection.detach();
    socket.write('*1\r\n$4\r\nSYNC\r\n');
    const chunks = copyFrom(socket, formatAddress(node));
    await write(part, chunks, startProgress({ label: 'backup', total, isGuess: true, output }));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    connection.close();
  }
}

async function write(
  part: string,
  chunks: AsyncIterable<Buffer>,
  progress: ReturnType<typeof startProgress>,
): Promise<void> {
  // Only for the user: it holds all that the node does.
  const handle = await open(part, 'w', 0o600);
  try {
    let done = 0;
    for await (const chunk of chunks) {
      await handle.writeFile(chunk);
      done += chunk.length;
      progress.update(done);
    }
    await handle.sync();
  } finally {
    progress.stop();
    await handle.close();
  }
}

/** What is on the disk is checked, not what came. */
async function check(part: string, output: ProgressOutput, signal: AbortSignal): Promise<FileSummary> {
  const { size } = statSync(part);
  const progress = startProgress({ label: 'checking', total: size, output });
  try {
    return await inspect(part, progress.update, undefined, signal);
  } finally {
    progress.stop();
  }
}

/** Bytes in use at the node, which is about what comes; 0 where it does not tell. */
async function usedMemory(connection: ServerConnection): Promise<number> {
  const info = await connection.request('INFO', 'memory');
  return Number(/^used_memory:(\d+)/m.exec(String(info))?.[1] ?? 0);
}

/** So that the file is found under its name after a loss of power. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
