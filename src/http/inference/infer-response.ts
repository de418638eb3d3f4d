import { DATATYPES } from './datatypes.ts';
import type { NamedTensor } from './infer-request.ts';
import { InferenceError } from './inference-error.ts';
import { toJson } from './json-data.ts';
import { joinCounted, splitTerminated } from './strings.ts';

export interface OutputTensor extends NamedTensor {
  /** As binary data, else as JSON. */
  readonly binary: boolean;
}

export interface InferResponse {
  readonly json: string;
  /** Behind the JSON; null where all outputs are in it. */
  readonly binary: Buffer[] | null;
}

/** Bytes of tensors that are written as JSON: that holds up everybody, and takes several times as much. */
const MOST_JSON_TENSOR_BYTES = 16 * 1024 * 1024;

/** @throws InferenceError where an output cannot be written as it was asked for. */
export function formatInferResponse(
  head: { readonly model_name: string; readonly model_version?: string; readonly id?: string },
  outputs: readonly OutputTensor[],
): InferResponse {
  const binary: Buffer[] = [];
  let jsonBytes = 0;
  const texts = outputs.map((output) => {
    const { name, dtype, shape, bytes } = output;
    const about = { name, datatype: DATATYPES[dtype], shape };
    const content = dtype === 'STRING' ? splitTerminated(bytes) : bytes;
    if (output.binary) {
      const data = Array.isArray(content) ? joinCounted(content) : content;
      binary.push(data);
      return JSON.stringify({ ...about, parameters: { binary_data_size: data.length } });
    }
    const what = `output ${JSON.stringify(name)}`;
    jsonBytes += bytes.length;
    if (jsonBytes > MOST_JSON_TENSOR_BYTES) {
      throw new InferenceError(
        400,
        `the outputs up to ${what} have more than ${MOST_JSON_TENSOR_BYTES} bytes: ask for binary data`,
      );
    }
    return `${JSON.stringify(about).slice(0, -1)},"data":${toJson(dtype, content, what)}}`;
  });
  return {
    json: `${JSON.stringify(head).slice(0, -1)},"outputs":[${texts.join(',')}]}`,
    binary: outputs.some((output) => output.binary) ? binary : null,
  };
}
