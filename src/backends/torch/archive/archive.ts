import { errors } from '../../../errors.ts';
import { type Pickled, PickledObject, PickledTuple, readPickle } from './pickle.ts';
import { readZip } from './zip.ts';

/** What torch.jit.save writes. */
export interface Archive {
  /** The module itself. */
  readonly root: PickledObject;
  /** What the code calls CONSTANTS.c0, CONSTANTS.c1.. */
  readonly constants: readonly Pickled[];
  /** Of its format, which says what some ops mean. */
  readonly version: number;
  /** The code by its module's name: __torch__.torch.nn.modules.linear. */
  readonly code: ReadonlyMap<string, string>;
}

const CODE = /^code\/(.*)\.py$/;

/** The files of an archive by their paths. @throws ServerError when the bytes are no zip archive. */
export async function readMembers(bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  try {
    return await readZip(bytes);
  } catch (error) {
    throw errors.torchArchive((error as Error).message);
  }
}

/** @throws ServerError when the members are no archive of torch.jit.save. */
export function readArchive(members: ReadonlyMap<string, Uint8Array>): Archive {
  try {
    return decode(members);
  } catch (error) {
    throw errors.torchArchive((error as Error).message);
  }
}

function decode(members: ReadonlyMap<string, Uint8Array>): Archive {
  const data = members.get('data.pkl');
  if (data === undefined) throw new Error('file not found: data.pkl');
  const storage = (...folders: string[]) => {
    return (key: string): Uint8Array => {
      const found = folders.map((folder) => members.get(`${folder}/${key}`)).find((bytes) => bytes);
      if (found === undefined) throw new Error(`file not found: ${folders[0]}/${key}`);
      return found;
    };
  };
  const root = readPickle(data, storage('data', 'constants'));
  if (!(root instanceof PickledObject)) throw new Error('data.pkl holds no module');
  const pickled = members.get('constants.pkl');
  const constants = pickled === undefined ? [] : readPickle(pickled, storage('constants', 'data'));
  const code = new Map<string, string>();
  for (const [name, text] of members) {
    const module = CODE.exec(name)?.[1]?.replaceAll('/', '.');
    if (module !== undefined) code.set(module, Buffer.from(text).toString('utf8'));
  }
  return { root, constants: listed(constants), version: versionOf(members), code };
}

/** A number in a file of its own; of one that has none nothing is known, and it is taken as of today. */
function versionOf(members: ReadonlyMap<string, Uint8Array>): number {
  const text = members.get('version') ?? members.get('.data/version');
  const version = Number.parseInt(Buffer.from(text ?? []).toString('latin1'), 10);
  return Number.isNaN(version) ? Number.POSITIVE_INFINITY : version;
}

function listed(value: Pickled): readonly Pickled[] {
  if (value instanceof PickledTuple) return value.items;
  if (Array.isArray(value)) return value;
  throw new Error('constants.pkl holds no list');
}
