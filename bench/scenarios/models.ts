import { type BenchModel, batchableBytes, expectTensor, type Sample, tensorset } from '../models.ts';
import { describe, expectOk, Operation, type ReplyCheck } from '../operation.ts';
import { type Argument, encodeRequest, encodeRequests } from '../requests.ts';
import {
  type Preparation,
  type Scenario,
  SkippedError,
  simpleScenario,
  WrongReplyError,
} from '../scenario.ts';
import type { NodeGroup } from '../topology.ts';

const BATCH_SIZE = 32;

async function storeModel(groups: readonly NodeGroup[], bytes: Buffer, batchSize = 0): Promise<void> {
  const batching = batchSize > 0 ? ['BATCHSIZE', batchSize] : [];
  for (const group of groups) {
    await group.call('AI.MODELSTORE', group.key('m'), 'ONNX', 'CPU', ...batching, 'BLOB', bytes);
  }
}

function sampleOf(model: BenchModel, client: number): Sample {
  return model.samples[client % model.samples.length] as Sample;
}

function modelexecuteArguments(
  model: string,
  inputs: readonly string[],
  outputs: readonly string[],
): Argument[] {
  return [
    'AI.MODELEXECUTE',
    model,
    'INPUTS',
    inputs.length,
    ...inputs,
    'OUTPUTS',
    outputs.length,
    ...outputs,
  ];
}

/** Stores model and inputs. Clients share the inputs and have outputs of their own; these are looked at before and after the load. */
export async function prepareModelexecute(
  groups: readonly NodeGroup[],
  model: BenchModel,
  bytes = model.bytes,
  batchSize = 0,
): Promise<Preparation> {
  await storeModel(groups, bytes, batchSize);
  const command = (group: NodeGroup, client: number) => {
    const { inputs, outputs } = sampleOf(model, client);
    const sample = client % model.samples.length;
    return modelexecuteArguments(
      group.key('m'),
      inputs.map((_, i) => group.key(`in${sample}.${i}`)),
      outputs.map((_, i) => group.key(`out${client}.${i}`)),
    );
  };
  const verify = async (group: NodeGroup, client: number) => {
    for (const [i, output] of sampleOf(model, client).outputs.entries()) {
      const reply = await group.call('AI.TENSORGET', group.key(`out${client}.${i}`), 'BLOB');
      const wrong = expectTensor(output)(reply);
      if (wrong !== null) throw new WrongReplyError(wrong);
    }
  };
  for (const group of groups) {
    for (const [s, { inputs }] of model.samples.entries()) {
      for (const [i, input] of inputs.entries()) {
        await group.call(...tensorset(group.key(`in${s}.${i}`), input));
      }
      const wrong = expectOk(await group.call(...command(group, s)));
      if (wrong !== null) throw new WrongReplyError(wrong);
      await verify(group, s);
    }
  }
  return {
    operation: (group, client) => new Operation(encodeRequest(command(group, client)), [expectOk]),
    verify,
  };
}

export const modelexecute: Scenario = simpleScenario(
  'modelexecute',
  'AI.MODELEXECUTE on tensors that are there',
  true,
  async ({ groups }, _shape, model) => prepareModelexecute(groups, model),
);

export const batched: Scenario = simpleScenario(
  'batched',
  `AI.MODELEXECUTE of one row, the model stored with BATCHSIZE ${BATCH_SIZE}`,
  true,
  async ({ groups }, _shape, model) => {
    const bytes = await batchableBytes(model.source);
    if (bytes === null) throw new SkippedError('the model has no batch dimension');
    return prepareModelexecute(groups, model, bytes, BATCH_SIZE);
  },
);

export const roundtrip: Scenario = simpleScenario(
  'roundtrip',
  'AI.TENSORSET, AI.MODELEXECUTE and AI.TENSORGET sent in one piece',
  true,
  async ({ groups }, _shape, model) => {
    await storeModel(groups, model.bytes);
    return {
      operation(group, client) {
        const { inputs, outputs } = sampleOf(model, client);
        const inputKeys = inputs.map((_, i) => group.key(`in${client}.${i}`));
        const outputKeys = outputs.map((_, i) => group.key(`out${client}.${i}`));
        const requests = [
          ...inputs.map((input, i) => tensorset(inputKeys[i] as string, input)),
          modelexecuteArguments(group.key('m'), inputKeys, outputKeys),
          ...outputKeys.map((key) => ['AI.TENSORGET', key, 'BLOB']),
        ];
        const checks = [...inputs.map(() => expectOk), expectOk, ...outputs.map(expectTensor)];
        return new Operation(encodeRequests(requests), checks);
      },
    };
  },
);

export const dag: Scenario = simpleScenario(
  'dag',
  'the same as one AI.DAGEXECUTE ROUTING, with nothing stored',
  true,
  async ({ groups }, _shape, model) => {
    await storeModel(groups, model.bytes);
    for (const group of groups) {
      const reply = await group.call(...dagArguments(group, sampleOf(model, 0)));
      const wrong = dagCheck(sampleOf(model, 0))(reply);
      if (wrong !== null) throw new WrongReplyError(wrong);
    }
    return {
      operation(group, client) {
        const sample = sampleOf(model, client);
        return new Operation(encodeRequest(dagArguments(group, sample)), [dagCheck(sample)]);
      },
    };
  },
);

function dagArguments(group: NodeGroup, { inputs, outputs }: Sample): Argument[] {
  const inputNames = inputs.map((_, i) => `in${i}`);
  const outputNames = outputs.map((_, i) => `out${i}`);
  const commands = [
    ...inputs.map((input, i) => tensorset(inputNames[i] as string, input)),
    modelexecuteArguments(group.key('m'), inputNames, outputNames),
    ...outputNames.map((name) => ['AI.TENSORGET', name, 'BLOB']),
  ];
  return ['AI.DAGEXECUTE', 'ROUTING', group.routing, ...commands.flatMap((command) => ['|>', ...command])];
}

function dagCheck({ inputs, outputs }: Sample): ReplyCheck {
  const checks = [...inputs.map(() => expectOk), expectOk, ...outputs.map(expectTensor)];
  return (reply) => {
    if (!Array.isArray(reply) || reply.length !== checks.length) {
      return `an array of ${checks.length} expected, got ${describe(reply)}`;
    }
    for (const [i, check] of checks.entries()) {
      const wrong = check(reply[i] as (typeof reply)[number]);
      if (wrong !== null) return wrong;
    }
    return null;
  };
}
