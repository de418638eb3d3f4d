import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { integerAt, keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { parseBackend } from './models.ts';

export const aiConfig: Command = {
  name: 'ai.config',
  arity: -2,
  flags: ['write', 'module'],
  group: 'ai',
  summary: "Reads or changes this node's settings",
  syntax:
    'BACKENDSPATH path | LOADBACKEND backend path | MODEL_CHUNK_SIZE bytes | GET BACKENDSPATH|MODEL_CHUNK_SIZE',
  run({ node }, args) {
    const { config } = node;
    switch (keywordAt(args, 1)) {
      case 'GET':
        if (args.length < 3) throw errors.wrongArity('ai.config');
        if (keywordAt(args, 2) === 'MODEL_CHUNK_SIZE') return config.modelChunkSize;
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
