import { errors } from '../../../errors.ts';
import { isControlFlow } from './control-flow.ts';
import { definitionsOf } from './node-arguments.ts';
import type { Graph } from './program.ts';
import { symbolicFunction } from './symbolic-functions.ts';
import { type Target, targetOf } from './targets.ts';

/**
 * Looks for nodes that call what is not there, in the branches of control flow too.
 * @throws ServerError that names the op and its place in the source of the model.
 */
export function checkTargets({ nodes }: Graph): void {
  for (const { target: text, place, inputs } of nodes) {
    const target = targetOf(text);
    if (!isKnown(target)) throw errors.torchUnsupported(nameOf(target), place);
    for (const { argument } of inputs) if (argument.kind === 'graph') checkTargets(argument.graph);
  }
}

function isKnown({ kind, name }: Target): boolean {
  if (kind === 'control flow') return isControlFlow(name);
  return kind === 'function' ? symbolicFunction(name) !== undefined : definitionsOf(name).length > 0;
}

function nameOf({ kind, name, overload }: Target): string {
  return kind === 'control flow' ? `higher_order::${name}` : `${name}${overload}`;
}
