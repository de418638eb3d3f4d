/** The messages of onnx.proto on the way to a TensorProto: their fields that hold messages, by number. */
type Message = { readonly [field: number]: Message };

const tensor: Message = {};
const sparseTensor: Message = { 1: tensor, 2: tensor };
const attribute: { [field: number]: Message } = { 5: tensor, 10: tensor, 22: sparseTensor, 23: sparseTensor };
const node: Message = { 5: attribute };
const graph: Message = { 1: node, 5: tensor, 15: sparseTensor };
attribute[6] = graph;
attribute[11] = graph;
const modelFunction: Message = { 7: node, 11: attribute };
const model: Message = { 7: graph, 25: modelFunction };

const DATA_LOCATION = 14;
const EXTERNAL = 1;
/** Protobuf itself refuses messages that are nested more than 100 deep. */
const MAX_DEPTH = 200;

/**
 * Whether an ONNX model asks for tensors from files beside it. ONNX Runtime looks for them in the server's working directory when a model
 * comes as bytes, so whoever may store a model could read files there.
 *
 * Walks the protobuf without decoding it: weights are skipped, not copied. Bytes that are no protobuf count as none; ONNX Runtime
 * refuses them.
 */
export function hasExternalData(bytes: Uint8Array): boolean {
  return walk(bytes, model, 0, bytes.length, 0);
}

function walk(bytes: Uint8Array, message: Message, from: number, to: number, depth: number): boolean {
  let at = from;
  /** The low 32 bits, which are what protobuf keeps of a tag, a length or an enum. */
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; at < to; shift += 7) {
      const byte = bytes[at++] as number;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  };
  while (at < to && depth < MAX_DEPTH) {
    const tag = varint();
    const field = tag >>> 3;
    switch (tag & 7) {
      case 0: {
        const value = varint();
        if (message === tensor && field === DATA_LOCATION && value === EXTERNAL) return true;
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        const inner = message[field];
        if (inner !== undefined && walk(bytes, inner, at, Math.min(at + length, to), depth + 1)) return true;
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      // 3 and 4 enclose a group: its fields follow like any others. 6 and 7 do not exist.
    }
  }
  return false;
}
