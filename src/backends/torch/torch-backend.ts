import type { Backend } from '../backend.ts';
import { readArchive } from './archive/archive.ts';
import { Program } from './interpreter/program.ts';
import { checkOperations } from './supported-operations.ts';
import { TorchSession } from './torch-session.ts';

/** Archives of torch.jit.save, traced into ONNX graphs when they first run on a kind of inputs, in ONNX Runtime on the CPU. */
export const torchBackend: Backend = {
  name: 'TORCH',
  async load(blob, options) {
    const archive = await readArchive(blob);
    const program = new Program(archive.code);
    const session = new TorchSession(archive, program, options);
    checkOperations(program, archive.root.className);
    return session;
  },
};
