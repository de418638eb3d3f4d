import type { Backend } from '../backend.ts';
import { readArchive, readMembers } from './archive/archive.ts';
import { isExportedArchive, readExportedArchive } from './exported/archive.ts';
import { ExportedModule } from './exported/exported-module.ts';
import { scriptModule } from './script-module.ts';
import { TorchSession } from './torch-session.ts';

/**
 * Archives of torch.jit.save and torch.export.save, traced into ONNX graphs for each kind of inputs that they get, in ONNX Runtime on the CPU.
 */
export const torchBackend: Backend = {
  name: 'TORCH',
  async load(blob, options) {
    const members = await readMembers(blob);
    if (!isExportedArchive(members)) return new TorchSession(scriptModule(readArchive(members)), options);
    const module = new ExportedModule(await readExportedArchive(members));
    const session = new TorchSession(module, options);
    if (module.example !== null) session.prepare(module.example);
    return session;
  },
};
