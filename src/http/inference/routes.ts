import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { NodeContext } from '../../node-context.ts';
import { readiness } from '../../observability/readiness.ts';
import { TESSERA_VERSION } from '../../version.ts';
import { type Caller, ClientPool, type Credentials } from './client-pool.ts';
import { ClusterClient } from './cluster-client.ts';
import { DATATYPES } from './datatypes.ts';
import {
  type InferRequest,
  type NamedTensor,
  parseInferRequest,
  type RequestedOutput,
} from './infer-request.ts';
import { formatInferResponse } from './infer-response.ts';
import { InferenceError } from './inference-error.ts';
import { ModelClient, type ModelInfo, type TensorMetadata } from './model-client.ts';

interface ModelRoute {
  Params: { readonly name: string; readonly version?: string };
}

const JSON_LENGTH = 'inference-header-content-length';

/** The Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol), under /v2. Models run in the name of who asks. */
export function inferenceRoutes(server: FastifyInstance, node: NodeContext): void {
  const own = new ClientPool((remoteAddress) => node.listeners.connect(remoteAddress));
  const cluster = new ClusterClient(own);
  const models = new ModelClient(cluster);
  const found = new WeakMap<FastifyRequest, ModelInfo>();
  server.addHook('preClose', async () => cluster.close());
  // Bodies are not all JSON, whatever their type says.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));

  const find = async (request: FastifyRequest<ModelRoute>): Promise<ModelInfo> => {
    const { name, version } = request.params;
    return models.info(callerOf(request), name, version);
  };

  server.get('/v2', () => ({
    name: 'tessera',
    version: TESSERA_VERSION,
    extensions: ['binary_tensor_data'],
  }));
  server.get('/v2/health/live', () => ({ live: true }));
  server.get('/v2/health/ready', (_, reply) => {
    const ready = readiness(node).every(({ ok }) => ok);
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    server.get<ModelRoute>(path, async (request) => {
      const model = await find(request);
      return { ...metadata(model), ...(await tensorsOf(models, callerOf(request), model.name)) };
    });
    server.get<ModelRoute>(`${path}/ready`, async (request) => {
      await find(request);
      return { name: request.params.name, ready: true };
    });
    server.post<ModelRoute>(`${path}/infer`, {
      bodyLimit: node.config.protoMaxBulkLen,
      // Before the body is read: it may be large, and who sends it may have no right to.
      onRequest: async (request) => {
        checkEncoding(request);
        found.set(request, await find(request));
      },
      handler: async (request, reply) => {
        const model = found.get(request) as ModelInfo;
        const asked = parseInferRequest(request.body as Buffer, jsonLength(request));
        return infer(models, callerOf(request), model, asked, reply);
      },
    });
  }
}

async function infer(
  models: ModelClient,
  caller: Caller,
  model: ModelInfo,
  request: InferRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const inputs = inOrder(model, request.inputs);
  const outputs: readonly RequestedOutput[] =
    request.outputs ?? model.outputs.map((name) => ({ name, binary: request.binaryByDefault }));
  const wanted = outputs.map(({ name }) => {
    const at = model.outputs.indexOf(name);
    if (at < 0) throw unknown('output', name, model, model.outputs);
    return at;
  });
  const results = await models.run(caller, model, inputs, wanted);
  const { json, binary } = formatInferResponse(
    {
      model_name: model.name,
      ...(model.version !== '' && { model_version: model.version }),
      ...(request.id !== undefined && { id: request.id }),
    },
    results.map((result, i) => ({ ...result, binary: outputs[i]?.binary === true })),
  );
  if (binary === null) return reply.type('application/json').send(json);
  const head = Buffer.from(json);
  return reply
    .type('application/octet-stream')
    .header(JSON_LENGTH, head.length)
    .send(Buffer.concat([head, ...binary]));
}

function inOrder(model: ModelInfo, given: readonly NamedTensor[]): NamedTensor[] {
  const byName = new Map<string, NamedTensor>();
  for (const input of given) {
    if (!model.inputs.includes(input.name)) throw unknown('input', input.name, model, model.inputs);
    if (byName.has(input.name)) {
      throw new InferenceError(400, `input ${JSON.stringify(input.name)} is given twice`);
    }
    byName.set(input.name, input);
  }
  return model.inputs.map((name) => {
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

function metadata({ name, version, backend }: ModelInfo) {
  return {
    name,
    ...(version !== '' && { versions: [version] }),
    platform: PLATFORMS[backend] ?? backend.toLowerCase(),
  };
}

/** What is not known before a run is left out: a guess would be believed. */
async function tensorsOf(models: ModelClient, caller: Caller, name: string) {
  const { inputs, outputs } = await models.signature(caller, name);
  const shown = ({ name: own, dtype, shape }: TensorMetadata) => ({
    name: own,
    ...(dtype !== undefined && { datatype: DATATYPES[dtype] }),
    ...(shape !== undefined && { shape }),
  });
  return { inputs: inputs.map(shown), outputs: outputs.map(shown) };
}

/** As the protocol calls them: project and format. */
const PLATFORMS: Readonly<Record<string, string>> = {
  ONNX: 'onnx_onnxv1',
  TF: 'tensorflow_graphdef',
  TFLITE: 'tensorflow_tflite',
  TORCH: 'pytorch_torchscript',
};

function callerOf(request: FastifyRequest): Caller {
  return { credentials: credentialsOf(request.headers.authorization), remoteAddress: request.ip };
}

function credentialsOf(header: string | undefined): Credentials {
  if (header === undefined) return null;
  const [, coded] = /^basic +(\S+) *$/i.exec(header) ?? [];
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(coded ?? '', 'base64').toString()) ?? [];
  if (user === undefined || password === undefined) {
    throw new InferenceError(
      401,
      'the Authorization header must be of the kind Basic, with user and password',
    );
  }
  return { user, password };
}

function jsonLength({ headers }: FastifyRequest): number | undefined {
  const header = headers[JSON_LENGTH];
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new InferenceError(400, 'the header Inference-Header-Content-Length must be a number of bytes');
}

function checkEncoding({ headers }: FastifyRequest): void {
  const { 'content-encoding': encoding = 'identity' } = headers;
  if (encoding !== 'identity') {
    throw new InferenceError(415, `a body with Content-Encoding ${encoding} is not supported`);
  }
}
