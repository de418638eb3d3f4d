import { errors } from '../../../errors.ts';
import type { Command } from '../../command.ts';

export const load: Command = {
  name: 'module|load',
  arity: -3,
  flags: ['admin', 'noscript', 'no_async_loading'],
  group: 'server',
  since: '4.0.0',
  summary: 'Refused: there are no modules to load',
  syntax: 'path [arg [arg ...]]',
  run() {
    throw errors.moduleNotAllowed();
  },
};

export const loadex: Command = {
  ...load,
  name: 'module|loadex',
  since: '7.0.0',
  syntax: 'path [CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]',
};

export const unload: Command = {
  ...load,
  name: 'module|unload',
  arity: 3,
  summary: 'Refused: the AI commands are part of the server',
  syntax: 'name',
};
