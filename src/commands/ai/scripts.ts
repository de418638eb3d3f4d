import {
  newScript,
  type ScriptDescription,
  type ScriptFunctionType,
  type StoredScript,
} from '../../backends/script.ts';
import { errors } from '../../errors.ts';
import { isDeviceName } from '../../execution/devices.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { OK, type Reply } from '../../protocol/reply.ts';
import type { CommandContext } from '../command.ts';

/** @throws ServerError when the key is absent or holds something else. */
export function readScript(keyspace: Keyspace, key: KeyName): StoredScript {
  const value = keyspace.get(key);
  if (value === undefined) throw errors.emptyScriptKey();
  if (value.type !== 'script') throw errors.wrongType();
  return value.script;
}

/**
 * Compiles a script in a worker of its device, and only then puts it under the key.
 * @throws ServerError when it is no good, the key holds something else or the device is none; the key is then as it was.
 */
export async function storeScript(
  { node, inScript }: CommandContext,
  key: KeyName,
  description: ScriptDescription,
): Promise<Reply> {
  if (inScript) throw errors.runInTransaction();
  if (!isDeviceName(description.device)) throw errors.unsupportedDevice();
  const checkKey = () => {
    if ((node.keyspace.get(key)?.type ?? 'script') !== 'script') throw errors.wrongType();
  };
  checkKey();
  const script = newScript(description);
  const { functions } = await node.devices.get(script.device, script.backend).load(script, null);
  try {
    checkEntryPoints(functions, script.entryPoints);
    // The key may have changed while it was compiled.
    checkKey();
  } catch (error) {
    node.devices.unload(script);
    throw error;
  }
  node.keyspace.set(key, { type: 'script', script });
  return OK;
}

/** @throws ServerError where an entry point is missing or does not take (List[Tensor], List[str], List[str]). */
function checkEntryPoints(functions: readonly ScriptFunctionType[], entryPoints: readonly string[]): void {
  for (const name of entryPoints) {
    const found = functions.findLast((one) => one.name === name);
    if (found === undefined) throw errors.noSuchEntryPoint(name);
    const { parameters } = found;
    if (parameters.length !== 3) throw errors.entryPointInputs(name, parameters.length);
    if (parameters.join() !== 'List[Tensor],List[str],List[str]') throw errors.entryPointTypes(name);
  }
}

/** @throws ServerError when clients may not call that function. Whether another script has it only its session tells. */
export function checkFunction({ entryPoints }: StoredScript, name: string): void {
  if (entryPoints.length > 0 && !entryPoints.includes(name)) throw errors.noSuchFunction(name);
}
