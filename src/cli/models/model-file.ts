import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { BACKEND_NAMES, BACKEND_OF_EXTENSION, type BackendName } from '../../backends/model.ts';
import type { StreamedArgument } from '../connection/server-connection.ts';
import { UsageError } from '../failure.ts';

export interface ModelFile {
  readonly path: string;
  readonly bytes: number;
  readonly backend: BackendName;
}

const GRAPH_OF_SAVED_MODEL = 'saved_model.pb';
/** Read from the disk at a time. */
const PIECE_BYTES = 1 << 20;

/**
 * Looks at a file, or at the folder of a SavedModel.
 * @param backend as the user said; else it is guessed from the name and the first bytes.
 * @throws Error where there is no such file, or nothing tells its backend.
 */
export async function findModel(name: string, backend?: string): Promise<ModelFile> {
  const given = backend === undefined ? undefined : namedBackend(backend);
  let [file, found] = [name, await statistics(name)];
  if (found.isDirectory()) {
    file = path.join(name, GRAPH_OF_SAVED_MODEL);
    found = await statistics(file, `${name} is a folder without ${GRAPH_OF_SAVED_MODEL}, so no SavedModel`);
  }
  if (!found.isFile()) throw new Error(`${file} is no file`);
  if (found.size === 0) throw new Error(`${file} is empty`);
  const known = given ?? BACKEND_OF_EXTENSION[path.extname(file).toLowerCase()] ?? (await sniffed(file));
  if (known === undefined) {
    throw new UsageError(`nothing tells what kind of model ${file} is: --backend ${BACKEND_NAMES.join('|')}`);
  }
  return { path: file, bytes: found.size, backend: known };
}

/** The file as arguments of at most so many bytes each. */
export function chunksOf({ path: file, bytes }: ModelFile, chunkBytes: number): StreamedArgument[] {
  const chunks: StreamedArgument[] = [];
  for (let start = 0; start < bytes; start += chunkBytes) {
    const length = Math.min(chunkBytes, bytes - start);
    chunks.push({ length, pieces: piecesOf(file, start, length) });
  }
  return chunks;
}

async function* piecesOf(file: string, start: number, length: number): AsyncIterable<Uint8Array> {
  const end = start + length - 1;
  yield* createReadStream(file, { start, end, highWaterMark: PIECE_BYTES }) as AsyncIterable<Uint8Array>;
}

function namedBackend(text: string): BackendName {
  const found = BACKEND_NAMES.find((name) => name === text.toUpperCase());
  if (found === undefined) throw new UsageError(`--backend must be one of ${BACKEND_NAMES.join(', ')}`);
  return found;
}

async function statistics(file: string, missing = `there is no file ${file}`) {
  try {
    return await stat(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === 'ENOENT' ? missing : message);
  }
}

/** TFLite's files say what they are at their fifth byte; of the others only PyTorch's are archives. */
async function sniffed(file: string): Promise<BackendName | undefined> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    if (buffer.toString('latin1', 4) === 'TFL3') return 'TFLITE';
    return buffer.toString('latin1', 0, 2) === 'PK' ? 'TORCH' : undefined;
  } finally {
    await handle.close();
  }
}
