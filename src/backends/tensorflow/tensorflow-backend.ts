import type { Backend } from '../backend.ts';
import { ONNX_RUNTIME, openOnnxSession } from '../onnx/onnx-backend.ts';
import { lowerModel } from './lower-model.ts';

/** TensorFlow's frozen graphs, lowered to ONNX when they are loaded, in ONNX Runtime on the CPU. */
export const tensorflowBackend: Backend = {
  name: 'TF',
  runtime: ONNX_RUNTIME,
  async load(blob, options, nodes) {
    const { inputs, outputs } = nodes ?? { inputs: [], outputs: [] };
    const session = await openOnnxSession(lowerModel(blob, inputs, outputs), options);
    return {
      ...{ inputs, outputs, signature: session.signature },
      run: (tensors) => session.run(tensors),
      close: () => session.close(),
    };
  },
};
