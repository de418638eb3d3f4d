import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { NodeContext } from '../../node-context.ts';
import { readiness } from '../../observability/readiness.ts';
import { TESSERA_VERSION } from '../../version.ts';
import { type Caller, ClientPool, type Credentials } from './client-pool.ts';
import { ClusterClient } from './cluster-client.ts';
import { DATATYPES } from './datatypes.ts';
import { infer } from './infer.ts';
import { parseInferRequest } from './infer-request.ts';
import type { InferResponse } from './infer-response.ts';
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
    server.get<ModelRoute>(path, async (request) => metadata(await find(request)));
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
        const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
        const asked = parseInferRequest(body, jsonLength(request));
        return send(reply, await infer(models, callerOf(request), model, asked));
      },
    });
  }
}

function send(reply: FastifyReply, { json, binary }: InferResponse): FastifyReply {
  if (binary === null) return reply.type('application/json').send(json);
  const head = Buffer.from(json);
  return reply
    .type('application/octet-stream')
    .header(JSON_LENGTH, head.length)
    .send(Buffer.concat([head, ...binary]));
}

/** What is not known before a run is left out: a guess would be believed. */
function metadata({ name, version, backend, inputs, outputs }: ModelInfo) {
  const shown = ({ name: own, dtype, shape }: TensorMetadata) => ({
    name: own,
    ...(dtype !== undefined && { datatype: DATATYPES[dtype] }),
    ...(shape !== undefined && { shape }),
  });
  return {
    name,
    ...(version !== '' && { versions: [version] }),
    platform: PLATFORMS[backend] ?? backend.toLowerCase(),
    inputs: inputs.map(shown),
    outputs: outputs.map(shown),
  };
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
