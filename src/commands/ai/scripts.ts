import { nextModelId } from '../../backends/model-id.ts';
import type { StoredScript } from '../../backends/script.ts';
import { functionSignatures } from '../../backends/torch/script-signatures.ts';
import { errors } from '../../errors.ts';
import { isDeviceName } from '../../execution/devices.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { OK, type Reply } from '../../protocol/reply.ts';

/** @throws ServerError when the key is absent or holds something else. */
export function readScript(keyspace: Keyspace, key: KeyName): StoredScript {
  const value = keyspace.get(key);
  if (value === undefined) throw errors.emptyScriptKey();
  if (value.type !== 'script') throw errors.wrongType();
  return value.script;
}

/** Puts a script under its key. @throws ServerError when the key holds something else or the device is none. */
export function storeScript(
  keyspace: Keyspace,
  key: KeyName,
  script: Pick<StoredScript, 'device' | 'tag' | 'entryPoints' | 'source'>,
): Reply {
  if (!isDeviceName(script.device)) throw errors.unsupportedDevice();
  if ((keyspace.get(key)?.type ?? 'script') !== 'script') throw errors.wrongType();
  keyspace.set(key, { type: 'script', script: newScript(script) });
  return OK;
}

/** A script with an id and counts of its own. */
export function newScript(
  script: Pick<StoredScript, 'device' | 'tag' | 'entryPoints' | 'source'>,
): StoredScript {
  const statistics = { durationUs: 0, samples: 0, calls: 0, errors: 0 };
  return { ...script, id: nextModelId(), statistics };
}

/** @throws ServerError where an entry point is missing or does not take (List[Tensor], List[str], List[str]). */
export function checkEntryPoints(source: string, entryPoints: readonly string[]): void {
  const functions = new Map(functionSignatures(source).map((f) => [f.name, f]));
  for (const name of entryPoints) {
    const found = functions.get(name);
    if (found === undefined) throw errors.noSuchEntryPoint(name);
    const types = found.parameters.map((parameter) => parameter.type);
    if (types.length !== 3) throw errors.entryPointInputs(name, types.length);
    if (types.join() !== 'List[Tensor],List[str],List[str]') throw errors.entryPointTypes(name);
  }
}

/** @throws ServerError when the script has no such function to call. */
export function checkFunction(script: StoredScript, name: string): void {
  const callable =
    script.entryPoints.length > 0
      ? script.entryPoints
      : functionSignatures(Buffer.from(script.source).toString('utf8')).map((f) => f.name);
  if (!callable.includes(name)) throw errors.noSuchFunction(name);
}
