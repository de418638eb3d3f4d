import type { Backend } from '../backend.ts';
import { readArchive } from './archive/archive.ts';
import { scriptModule } from './script-module.ts';
import { TorchSession } from './torch-session.ts';

/** Archives of torch.jit.save, traced into ONNX graphs when they first run on a kind of inputs, in ONNX Runtime on the CPU. */
export const torchBackend: Backend = {
  name: 'TORCH',
  async load(blob, options) {
    return new TorchSession(scriptModule(await readArchive(blob)), options);
  },
};
