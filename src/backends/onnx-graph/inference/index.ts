import { ELEMENTWISE } from './elementwise.ts';
import { MOVEMENT } from './movement.ts';
import { NEURAL } from './neural.ts';
import { RECURRENT } from './recurrent.ts';
import { REGIONS } from './regions.ts';
import type { Rule } from './rule.ts';

/** What the outputs of ONNX's operators are, by operator; who emits one that is not here has to say what comes out. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({ ...ELEMENTWISE, ...MOVEMENT, ...NEURAL, ...RECURRENT, ...REGIONS }),
);
