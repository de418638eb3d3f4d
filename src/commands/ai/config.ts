import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { integerAt, keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { parseBackend } from './models.ts';

/** The unit of BACKEND_MEMORY_LIMIT, RedisAI's load-time option of that name. */
const MEGABYTE = 2 ** 20;
const MOST_MEGABYTES = Math.floor(Number.MAX_SAFE_INTEGER / MEGABYTE);

export const aiConfig: Command = {
  name: 'ai.config',
  arity: -2,
  flags: ['write', 'module'],
  group: 'ai',
  summary: "Reads or changes this node's settings",
  syntax:
    'BACKENDSPATH path | LOADBACKEND backend path | MODEL_CHUNK_SIZE bytes | BACKEND_MEMORY_LIMIT megabytes | GET BACKENDSPATH|MODEL_CHUNK_SIZE|BACKEND_MEMORY_LIMIT',
  run({ node }, args) {
    const { config, devices } = node;
    switch (keywordAt(args, 1)) {
      case 'GET':
        if (args.length < 3) throw errors.wrongArity('ai.config');
        if (keywordAt(args, 2) === 'MODEL_CHUNK_SIZE') return config.modelChunkSize;
        if (keywordAt(args, 2) === 'BACKEND_MEMORY_LIMIT') {
          return Math.floor(devices.settings.backendMemoryLimit / MEGABYTE);
        }
        return keywordAt(args, 2) === 'BACKENDSPATH' && config.backendsPath !== ''
          ? config.backendsPath
          : null;
      case 'MODEL_CHUNK_SIZE': {
        if (args.length < 3) throw errors.chunkSizeMissing();
        const size = integerAt(args, 2);
        if (size === undefined || size <= 0) throw errors.chunkSizeInvalid();
        config.modelChunkSize = size;
        node.kept.keep('model-chunk-size');
        return OK;
      }
      case 'BACKEND_MEMORY_LIMIT': {
        if (args.length < 3) throw errors.memoryLimitMissing();
        const megabytes = integerAt(args, 2);
        if (megabytes === undefined || megabytes < 0 || megabytes > MOST_MEGABYTES) {
          throw errors.memoryLimitInvalid();
        }
        devices.settings.backendMemoryLimit = megabytes * MEGABYTE;
        devices.trimSessions();
        return OK;
      }
      case 'BACKENDSPATH':
        if (args.length < 3) throw errors.backendsPathMissing();
        config.backendsPath = textAt(args, 2);
        node.kept.keep('backends-path');
        return OK;
      case 'LOADBACKEND':
        if (args.length < 4) throw errors.wrongArity('ai.config');
        // Backends come with the server; none is loaded from a path yet.
        parseBackend(keywordAt(args, 2));
        throw errors.errorLoadingBackend();
      default:
        throw errors.unsupportedSubcommand();
    }
  },
};
