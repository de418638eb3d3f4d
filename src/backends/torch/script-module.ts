import type { Archive } from './archive/archive.ts';
import { Program } from './interpreter/program.ts';
import { signatureOf } from './signature.ts';
import { checkOperations } from './supported-operations.ts';
import type { TorchModule } from './torch-session.ts';
import { traceForward } from './tracing/trace.ts';

/** A module of torch.jit.save. @throws ServerError when it has no forward that can be run. */
export function scriptModule(archive: Archive): TorchModule {
  const program = new Program(archive.code);
  const signature = signatureOf(archive, program);
  checkOperations(program, archive.root.className);
  return {
    signature,
    // Only the program knows what it takes.
    check: () => {},
    trace: (inputs) => traceForward(archive, program, inputs),
  };
}
