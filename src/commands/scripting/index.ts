import type { Command } from '../command.ts';
import { evaluate } from './eval.ts';
import { evalRo } from './eval-ro.ts';
import { evalsha } from './evalsha.ts';
import { evalshaRo } from './evalsha-ro.ts';
import { fcall } from './fcall.ts';
import { fcallRo } from './fcall-ro.ts';
import { functions } from './function/function.ts';
import { script } from './script/script.ts';

export const scriptingCommands: readonly Command[] = [
  ...[evaluate, evalRo, evalsha, evalshaRo, script],
  ...[fcall, fcallRo, functions],
];
