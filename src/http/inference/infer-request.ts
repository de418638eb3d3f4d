import { z } from 'zod';
import { type Dtype, ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { elementCount } from '../../tensors/tensor.ts';
import { dtypeOf } from './datatypes.ts';
import { InferenceError } from './inference-error.ts';
import { fromJson } from './json-data.ts';
import { joinTerminated, splitCounted } from './strings.ts';

/** A tensor with its bytes as AI.TENSORSET and AI.TENSORGET have them under BLOB. */
export interface NamedTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

export interface RequestedOutput {
  readonly name: string;
  /** As binary data, else as JSON. */
  readonly binary: boolean;
}

/** What is asked of a model. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly inputs: readonly NamedTensor[];
  /** Null: all. */
  readonly outputs: readonly RequestedOutput[] | null;
  /** Whether outputs that are not named come as binary data. */
  readonly binaryByDefault: boolean;
}

/** Parsing holds up everybody; binary data has no such limit. */
const MOST_JSON_BYTES = 16 * 1024 * 1024;

const parameters = z.record(z.string(), z.unknown()).default({});
const requestShape = z.object({
  id: z.string().optional(),
  parameters,
  inputs: z.array(
    z.object({
      name: z.string(),
      shape: z.array(z.int().min(1)).min(1),
      datatype: z.string(),
      parameters: z.looseObject({ binary_data_size: z.int().min(0).optional() }).default({}),
      data: z.unknown().optional(),
    }),
  ),
  outputs: z.array(z.object({ name: z.string(), parameters })).optional(),
});

type RequestBody = z.infer<typeof requestShape>;

/**
 * @param jsonLength bytes of the JSON, behind which the binary data is; undefined: there is only JSON.
 * @throws InferenceError that says what is wrong with it.
 */
export function parseInferRequest(body: Buffer, jsonLength: number | undefined): InferRequest {
  const end = jsonLength ?? body.length;
  if (end > body.length) {
    throw new InferenceError(400, `the JSON is to have ${end} bytes, the body has ${body.length}`);
  }
  if (end > MOST_JSON_BYTES) {
    throw new InferenceError(
      413,
      `the JSON has ${end} bytes, more than ${MOST_JSON_BYTES}: send tensors as binary data`,
    );
  }
  const request = checked(body.subarray(0, end));
  const inputs = tensors(request, body.subarray(end));
  const binaryByDefault = flag(request.parameters, 'binary_data_output') ?? false;
  const outputs = request.outputs?.map(({ name, parameters: own }) => {
    if (own.classification !== undefined) {
      throw new InferenceError(400, `output ${JSON.stringify(name)}: classification is not supported`);
    }
    return { name, binary: flag(own, 'binary_data') ?? binaryByDefault };
  });
  return {
    id: request.id,
    inputs,
    // As other servers have it, an empty list asks for all.
    outputs: outputs === undefined || outputs.length === 0 ? null : outputs,
    binaryByDefault,
  };
}

function checked(json: Buffer): RequestBody {
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
  } catch (error) {
    throw new InferenceError(400, `the body is no JSON: ${(error as Error).message}`);
  }
  const parsed = requestShape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('');
  throw new InferenceError(
    400,
    `${where === '' ? 'the request' : where?.replace(/^\./, '')}: ${issue?.message}`,
  );
}

function flag(from: Readonly<Record<string, unknown>>, name: string): boolean | undefined {
  const value = from[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw new InferenceError(400, `the parameter ${name} must be true or false`);
}

function tensors({ inputs }: RequestBody, binary: Buffer): NamedTensor[] {
  let at = 0;
  const found = inputs.map(({ name, shape, datatype, data, parameters: { binary_data_size: size } }) => {
    const what = `input ${JSON.stringify(name)}`;
    const dtype = dtypeOf(datatype);
    if (dtype === undefined)
      throw new InferenceError(400, `${what}: the datatype ${datatype} is not supported`);
    if (size === undefined) {
      const content = fromJson(dtype, data, shape, what);
      return { name, dtype, shape, bytes: Array.isArray(content) ? joinTerminated(content, what) : content };
    }
    if (data !== undefined) throw new InferenceError(400, `${what} has both data and binary data`);
    const bytes = binary.subarray(at, at + size);
    at += size;
    if (at > binary.length) {
      throw new InferenceError(
        400,
        `${what} ends ${at - binary.length} bytes behind the binary data of the body`,
      );
    }
    return { name, dtype, shape, bytes: fromBinary(dtype, bytes, elementCount(shape), what) };
  });
  if (at < binary.length) {
    throw new InferenceError(400, `${binary.length - at} bytes of binary data belong to no input`);
  }
  return found;
}

function fromBinary(dtype: Dtype, bytes: Buffer, count: number, what: string): Buffer {
  if (dtype === 'STRING') {
    const elements = splitCounted(bytes, what);
    if (elements.length === count) return joinTerminated(elements, what);
    throw new InferenceError(400, `${what} has ${elements.length} elements, its shape has ${count}`);
  }
  const wanted = count * ELEMENT_BYTES[dtype];
  if (bytes.length === wanted) return bytes;
  throw new InferenceError(
    400,
    `${what} has ${bytes.length} bytes of binary data, its shape needs ${wanted}`,
  );
}
