import { open } from 'node:fs/promises';
import path from 'node:path';
import { BACKEND_OF_EXTENSION, type BackendName } from '../backends/model.ts';

/** The formats of models, as AI.MODELSTORE calls them. */
export type Backend = BackendName;

/** @throws RangeError when the file's name does not tell. */
export function backendOfFile(file: string): Backend {
  const backend = BACKEND_OF_EXTENSION[path.extname(file).toLowerCase()];
  if (backend === undefined) throw new RangeError(`no backend is known for the name of ${file}: say which`);
  return backend;
}

/** A file's bytes in pieces of at most `chunkBytes`: a Buffer for all of a large model may be more than Node or the server takes. */
export async function readChunks(file: string, chunkBytes: number): Promise<Buffer[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const chunks: Buffer[] = [];
    for (let at = 0; at < size; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, size - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was read`);
      chunks.push(chunk.subarray(0, bytesRead));
      at += bytesRead;
    }
    return chunks;
  } finally {
    await handle.close();
  }
}

/** A blob in pieces of at most `chunkBytes`, not copied. */
export function splitChunks(blob: Uint8Array, chunkBytes: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < blob.length; at += chunkBytes) {
    const length = Math.min(chunkBytes, blob.length - at);
    chunks.push(Buffer.from(blob.buffer, blob.byteOffset + at, length));
  }
  return chunks;
}
