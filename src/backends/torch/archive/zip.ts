import { inflateRawSync } from 'node:zlib';
import { fromBufferPromise } from 'yauzl';

const STORED = 0;
const DEFLATED = 8;
/** Of all members that are not just stored, together: weights always are. */
const MAX_INFLATED = 256 * 2 ** 20;

/**
 * The members of a zip archive, by their paths below the one folder that torch.jit.save puts everything into. Stored members are views of the
 * archive, nothing is copied.
 * @throws Error when the bytes are no zip archive, or inflate to more than a model's code ever does.
 */
export async function readZip(archive: Uint8Array): Promise<Map<string, Uint8Array>> {
  const buffer = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const zip = await fromBufferPromise(buffer);
  const members = new Map<string, Uint8Array>();
  let inflated = 0;
  for await (const entry of zip.eachEntry()) {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const data = archive.subarray(fileDataStart, fileDataStart + entry.compressedSize);
    const name = entry.fileName.slice(entry.fileName.indexOf('/') + 1);
    if (entry.compressionMethod === STORED) members.set(name, data);
    else if (entry.compressionMethod === DEFLATED) {
      inflated += entry.uncompressedSize;
      if (inflated > MAX_INFLATED) throw new Error('the archive inflates to too much');
      // Copied first: zlib takes no memory that is shared between threads.
      members.set(name, inflateRawSync(Uint8Array.from(data), { maxOutputLength: entry.uncompressedSize }));
    } else throw new Error(`compression method ${entry.compressionMethod} of ${name} is not known`);
  }
  return members;
}
