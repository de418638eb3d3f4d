import type { Archive } from './archive/archive.ts';
import { Program } from './interpreter/program.ts';
import type { Instance } from './interpreter/values.ts';
import { argumentsFrom, signatureOf } from './signature.ts';
import { checkOperations } from './supported-operations.ts';
import type { TorchModule } from './torch-session.ts';
import { interpreted } from './tracing/traceable.ts';

/** A module of torch.jit.save. @throws ServerError when it has no forward that can be run. */
export function scriptModule(archive: Archive): TorchModule {
  const program = new Program(archive.code, archive.version);
  const { signature, forms } = signatureOf(archive, program);
  checkOperations(program, archive.root.className);
  const forward = interpreted(program, archive.constants, (interpreter, inputs) => {
    const root = interpreter.convert(archive.root) as Instance;
    return interpreter.callMethod(root, 'forward', argumentsFrom(forms, inputs), new Map());
  });
  return { signature, ...forward };
}
