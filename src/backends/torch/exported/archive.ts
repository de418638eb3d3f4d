import { errors } from '../../../errors.ts';
import type { PickledTensor } from '../archive/pickle.ts';
import type { ExportedProgram } from './program.ts';
import { readProgram } from './program-reader.ts';
import { checkByteOrder, memberOf, readPayloads, readTensors } from './weights.ts';

type Members = ReadonlyMap<string, Uint8Array>;

/** What torch.export.save writes. */
export interface ExportedArchive {
  readonly program: ExportedProgram;
  /** Parameters and persistent buffers by their names in the module. */
  readonly weights: ReadonlyMap<string, PickledTensor>;
  /** Buffers that are not persistent, and other tensors. */
  readonly constants: ReadonlyMap<string, PickledTensor>;
}

/** Of torch 2.1 to 2.7: no folder, tensors in archives of torch.save. */
const FLAT = 'serialized_exported_program.json';
/** Of torch 2.8 and later: says `pt2`. */
const FORMAT = 'archive_format';
const MODELS = /^models\/(.*)\.json$/;

/** Whether the members are of torch.export.save, and not of torch.jit.save. */
export function isExportedArchive(members: Members): boolean {
  return members.has(FORMAT) || members.has(FLAT);
}

/** @throws ServerError when the members are no such archive. */
export async function readExportedArchive(members: Members): Promise<ExportedArchive> {
  try {
    checkByteOrder(members);
    return members.has(FORMAT) ? await readPackage(members) : await readFlat(members);
  } catch (error) {
    throw errors.torchArchive((error as Error).message);
  }
}

async function readFlat(members: Members): Promise<ExportedArchive> {
  const program = readProgram(memberOf(members, FLAT), FLAT);
  const tensors = async (name: string) => {
    const [path] = [`${name}.pt`, `${name}.json`].filter((one) => members.has(one));
    return path === undefined ? new Map<string, PickledTensor>() : await readTensors(members, path);
  };
  return {
    program,
    weights: await tensors('serialized_state_dict'),
    constants: await tensors('serialized_constants'),
  };
}

async function readPackage(members: Members): Promise<ExportedArchive> {
  const format = Buffer.from(memberOf(members, FORMAT)).toString('latin1').trim();
  if (format !== 'pt2') throw new Error(`its format is '${format}', not pt2`);
  const name = modelOf(members);
  const path = `models/${name}.json`;
  const program = readProgram(memberOf(members, path), path);
  const tensors = (folder: string, config: string) =>
    members.has(`${folder}${name}.pt`)
      ? readTensors(members, `${folder}${name}.pt`)
      : readPayloads(members, `${folder}${name}_${config}.json`, folder);
  return {
    program,
    weights: await tensors('data/weights/', 'weights_config'),
    constants: await tensors('data/constants/', 'constants_config'),
  };
}

/** A package may hold several programs, and code that was compiled for one machine. */
function modelOf(members: Members): string {
  const names = [...members.keys()].flatMap((path) => MODELS.exec(path)?.[1] ?? []);
  const [only] = names;
  if (only === undefined) {
    const isCompiled = [...members.keys()].some((path) => path.startsWith('data/aotinductor/'));
    throw new Error(
      isCompiled
        ? 'it holds compiled code of AOTInductor, and no exported program'
        : 'it holds no exported program',
    );
  }
  if (names.length === 1) return only;
  if (names.includes('model')) return 'model';
  throw new Error(`it holds several programs, of which none is called model: ${names.join(', ')}`);
}
