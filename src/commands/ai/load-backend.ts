import type { BackendName } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import { probeModule, resolveModule } from '../../execution/backend-modules.ts';
import type { NodeContext } from '../../node-context.ts';
import { OK, type Reply } from '../../protocol/reply.ts';

/**
 * Makes a module the backend of models that are stored from now on.
 * @param name a path, relative ones from BACKENDSPATH, or a package.
 * @throws ServerError where it cannot be imported or is no such backend; the backend of before stays.
 */
export async function loadBackend(node: NodeContext, backend: BackendName, name: string): Promise<Reply> {
  const { config, devices, kept, log } = node;
  try {
    const module = resolveModule(name, config.backendsPath || process.cwd());
    await probeModule(module, backend);
    devices.settings.backends.set(backend, module);
  } catch (error) {
    log.warn({ err: error }, `${name} is no backend ${backend}`);
    throw errors.errorLoadingBackend();
  }
  kept.keep(`backend-${backend.toLowerCase()}`);
  return OK;
}
