import { expectTensor, type TensorValue, tensorset } from '../models.ts';
import { expectOk, Operation } from '../operation.ts';
import { encodeRequest } from '../requests.ts';
import { type Bench, type Preparation, type Scenario, simpleScenario, WrongReplyError } from '../scenario.ts';

const LARGE_BYTES = 600_000;

/** Bytes that differ from place to place, so that a shifted or cut copy is noticed. */
function floatTensor(elements: number): TensorValue {
  const data = new Float32Array(elements).map((_, i) => i + 0.5);
  return { type: 'float32', shape: [1, elements], bytes: Buffer.from(data.buffer) };
}

/** Each client sets a key of its own. */
export function prepareTensorset(tensor: TensorValue): Preparation {
  const check = expectTensor(tensor);
  return {
    operation: (group, client) =>
      new Operation(encodeRequest(tensorset(group.key(`t${client}`), tensor)), [expectOk]),
    async verify(group, client) {
      const wrong = check(await group.call('AI.TENSORGET', group.key(`t${client}`), 'BLOB'));
      if (wrong !== null) throw new WrongReplyError(wrong);
    },
  };
}

async function prepareTensorget({ groups }: Bench, tensor: TensorValue): Promise<Preparation> {
  for (const group of groups) await group.call(...tensorset(group.key('t'), tensor));
  const first = expectTensor(tensor);
  return {
    operation(group) {
      let seen = false;
      // All of the first reply, then the length: comparing every byte would cost the client more than reading it does.
      const check = (reply: Parameters<typeof first>[0]) => {
        if (seen && Buffer.isBuffer(reply) && reply.length === tensor.bytes.length) return null;
        seen = true;
        return first(reply);
      };
      return new Operation(encodeRequest(['AI.TENSORGET', group.key('t'), 'BLOB']), [check]);
    },
  };
}

/** A tensor as small as the parameters of a request are: FLOAT 1x10. */
export const smallTensor = floatTensor(10);

export const tensorsetSmall: Scenario = simpleScenario(
  'tensorset-small',
  'AI.TENSORSET of FLOAT 1x10 as a blob',
  false,
  async () => prepareTensorset(smallTensor),
);

export const tensorset600k: Scenario = simpleScenario(
  'tensorset-600k',
  'AI.TENSORSET of a blob of 600,000 bytes',
  false,
  async () => prepareTensorset(floatTensor(LARGE_BYTES / 4)),
);

export const tensorget600k: Scenario = simpleScenario(
  'tensorget-600k',
  'AI.TENSORGET of a blob of 600,000 bytes',
  false,
  async (bench) => prepareTensorget(bench, floatTensor(LARGE_BYTES / 4)),
);
