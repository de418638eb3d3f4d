/** What a node calls. */
export interface Target {
  readonly kind: 'op' | 'control flow' | 'function';
  /** Of an op qualified, as the op table has it: aten::add. */
  readonly name: string;
  /** With a dot in front; empty for the default one. */
  readonly overload: string;
}

const OP = /^torch\.ops\.(\w+)\.(\w+)(?:\.(\w+))?$/;

/** torch.ops.aten.add.Tensor, torch.ops.higher_order.cond, _operator.mul.. */
export function targetOf(text: string): Target {
  const [, namespace, name, overload = 'default'] = OP.exec(text) ?? [];
  if (namespace === undefined || name === undefined) return { kind: 'function', name: text, overload: '' };
  if (namespace === 'higher_order') return { kind: 'control flow', name, overload: '' };
  return {
    kind: 'op',
    name: `${namespace}::${name}`,
    overload: overload === 'default' ? '' : `.${overload}`,
  };
}
