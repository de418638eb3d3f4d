/** Places of fields in schema.fbs of TensorFlow Lite, version 3. */
export const MODEL = { operatorCodes: 1, subgraphs: 2, buffers: 4, signatures: 7 };
export const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
export const TENSOR = {
  ...{ shape: 0, type: 1, buffer: 2, name: 3, quantization: 4, isVariable: 5, shapeSignature: 7 },
};
export const QUANTIZATION = { scale: 2, zeroPoint: 3 };
export const BUFFER = { data: 0 };
export const OPERATOR = { code: 0, inputs: 1, outputs: 2, options: 4 };
export const OPERATOR_CODE = { oldCode: 0, code: 3 };
export const SIGNATURE = { subgraph: 4 };
