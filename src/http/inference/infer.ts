import type { Caller } from './client-pool.ts';
import type { InferRequest, NamedTensor, RequestedOutput } from './infer-request.ts';
import { formatInferResponse, type InferResponse } from './infer-response.ts';
import { InferenceError } from './inference-error.ts';
import type { ModelClient, ModelInfo } from './model-client.ts';

/**
 * Runs a model on what a request has.
 * @throws InferenceError where that does not fit the model, the run fails, or an output cannot be written as it was asked for.
 */
export async function infer(
  models: ModelClient,
  caller: Caller,
  model: ModelInfo,
  request: InferRequest,
): Promise<InferResponse> {
  const inputs = inOrder(model, request.inputs);
  const names = model.outputs.map(({ name }) => name);
  const outputs: readonly RequestedOutput[] =
    request.outputs ?? names.map((name) => ({ name, binary: request.binaryByDefault }));
  const wanted = new Set<number>();
  for (const { name } of outputs) {
    const at = names.indexOf(name);
    if (at < 0) throw unknown('output', name, model, names);
    // Each time would be a copy: a small request could ask for more than there is memory.
    if (wanted.has(at)) throw new InferenceError(400, `output ${JSON.stringify(name)} is asked for twice`);
    wanted.add(at);
  }
  const results = await models.run(caller, model, inputs, [...wanted]);
  return formatInferResponse(
    {
      model_name: model.name,
      ...(model.version !== '' && { model_version: model.version }),
      ...(request.id !== undefined && { id: request.id }),
    },
    results.map((result, i) => ({ ...result, binary: outputs[i]?.binary === true })),
  );
}

function inOrder(model: ModelInfo, given: readonly NamedTensor[]): NamedTensor[] {
  const names = model.inputs.map(({ name }) => name);
  const byName = new Map<string, NamedTensor>();
  for (const input of given) {
    if (!names.includes(input.name)) throw unknown('input', input.name, model, names);
    if (byName.has(input.name)) {
      throw new InferenceError(400, `input ${JSON.stringify(input.name)} is given twice`);
    }
    byName.set(input.name, input);
  }
  return names.map((name) => {
    const input = byName.get(name);
    if (input !== undefined) return input;
    throw new InferenceError(
      400,
      `input ${JSON.stringify(name)} of the model ${JSON.stringify(model.name)} is missing`,
    );
  });
}

function unknown(kind: string, name: string, model: ModelInfo, known: readonly string[]): InferenceError {
  const names = known.map((one) => JSON.stringify(one)).join(', ');
  return new InferenceError(
    400,
    `the model ${JSON.stringify(model.name)} has no ${kind} ${JSON.stringify(name)}, only ${names}`,
  );
}
