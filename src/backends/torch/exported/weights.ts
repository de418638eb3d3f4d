import { type Pickled, PickledStorage, PickledTensor, readPickle } from '../archive/pickle.ts';
import { readZip } from '../archive/zip.ts';
import { readTensorMeta } from './graph-reader.ts';
import { JsonPlace } from './json-place.ts';
import type { Size } from './program.ts';
import { storageType } from './scalar-types.ts';

type Members = ReadonlyMap<string, Uint8Array>;
type Tensors = ReadonlyMap<string, PickledTensor>;

/** The file with this path. @throws Error where there is none. */
export function memberOf(members: Members, path: string): Uint8Array {
  const found = members.get(path);
  if (found === undefined) throw new Error(`file not found: ${path}`);
  return found;
}

/** Numbers of a big-endian machine would all be misread. */
export function checkByteOrder(members: Members): void {
  const order = members.get('byteorder');
  if (order !== undefined && Buffer.from(order).toString('latin1').trim() !== 'little') {
    throw new Error('its numbers are not little-endian');
  }
}

/** What torch.save wrote: a zip archive with a pickle. */
async function readSaved(bytes: Uint8Array, path: string): Promise<Pickled> {
  try {
    const members = await readZip(bytes);
    checkByteOrder(members);
    return readPickle(memberOf(members, 'data.pkl'), (key) => memberOf(members, `data/${key}`));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

/** A dict of tensors that torch.save wrote; what else is in it is left out. */
export async function readTensors(members: Members, path: string): Promise<Tensors> {
  const bytes = memberOf(members, path);
  // torch 2.1 writes nothing at all where there are none.
  const saved = bytes.length === 0 ? new Map<Pickled, Pickled>() : await readSaved(bytes, path);
  if (!(saved instanceof Map)) throw new Error(`${path} holds no dict`);
  const tensors = new Map<string, PickledTensor>();
  for (const [name, value] of saved) {
    if (typeof name === 'string' && value instanceof PickledTensor) tensors.set(name, value);
  }
  return tensors;
}

/**
 * Tensors that lie in files of their own, as a payload config lists them: several may share one file.
 * @param folder that their paths are in.
 */
export async function readPayloads(members: Members, config: string, folder: string): Promise<Tensors> {
  const tensors = new Map<string, PickledTensor>();
  const storages = new Map<string, PickledStorage>();
  for (const [name, place] of JsonPlace.parse(memberOf(members, config), config).field('config').entries()) {
    const path = `${folder}${place.field('path_name').text()}`;
    const meta = place.optional('tensor_meta');
    if (place.optional('use_pickle')?.bool() ?? false) {
      // An object of a custom class has no meta; who needs it says so.
      if (meta === undefined) continue;
      const saved = await readSaved(memberOf(members, path), path);
      if (!(saved instanceof PickledTensor)) throw new Error(`${path} holds no tensor`);
      tensors.set(name, saved);
      continue;
    }
    const { scalarType, sizes, strides, offset } = readTensorMeta(place.field('tensor_meta'));
    const type = storageType(scalarType);
    const key = `${path}|${type}`;
    const storage = storages.get(key) ?? new PickledStorage(type, memberOf(members, path));
    storages.set(key, storage);
    const known = (size: Size) => (isSize(size) ? size : place.fail('has a size that is no number'));
    tensors.set(
      name,
      new PickledTensor(
        storage,
        known(offset ?? 0),
        sizes.map(known),
        strides?.map(known) ?? place.fail('has no strides'),
      ),
    );
  }
  return tensors;
}

function isSize(size: Size): size is number {
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0;
}
