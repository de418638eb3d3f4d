/** Where a piece of source begins. Lines count from 1. */
export interface Place {
  readonly line: number;
}

export type Expression = Place &
  (
    | { readonly kind: 'none' }
    | { readonly kind: 'bool'; readonly value: boolean }
    | { readonly kind: 'int'; readonly value: number }
    | { readonly kind: 'float' | 'complex'; readonly value: number }
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
    | { readonly kind: 'subscript'; readonly of: Expression; readonly indices: readonly Index[] }
    | Call
    | { readonly kind: 'tuple'; readonly items: readonly Expression[] }
    | { readonly kind: 'list'; readonly items: readonly Expression[] }
    /** `*x` among arguments, items or targets. */
    | { readonly kind: 'starred'; readonly of: Expression }
    | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
    | {
        readonly kind: 'comprehension';
        readonly key: Expression | null;
        readonly item: Expression;
        readonly target: Expression;
        readonly of: Expression;
        readonly conditions: readonly Expression[];
      }
    | { readonly kind: 'text'; readonly parts: readonly Expression[] }
    | { readonly kind: 'not'; readonly operand: Expression }
    | { readonly kind: 'unary'; readonly operator: '-' | '+' | '~'; readonly operand: Expression }
    | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
    | {
        readonly kind: 'binary';
        readonly operator: string;
        readonly left: Expression;
        readonly right: Expression;
      }
    | {
        readonly kind: 'compare';
        readonly first: Expression;
        readonly rest: readonly { readonly operator: string; readonly operand: Expression }[];
      }
    | {
        readonly kind: 'conditional';
        readonly condition: Expression;
        readonly body: Expression;
        readonly otherwise: Expression;
      }
  );

export interface Call {
  readonly kind: 'call';
  readonly callee: Expression;
  readonly args: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
}

export type Index =
  | Expression
  | {
      readonly kind: 'slice';
      readonly start: Expression | null;
      readonly end: Expression | null;
      readonly step: Expression | null;
    }
  | { readonly kind: 'ellipsis' };

export type Statement = Place &
  (
    | { readonly kind: 'pass' | 'break' | 'continue' }
    /** What Python means by them is not looked at. */
    | { readonly kind: 'import' | 'decorator' }
    | { readonly kind: 'expression'; readonly value: Expression }
    | { readonly kind: 'return'; readonly value: Expression | null }
    | {
        readonly kind: 'assign';
        readonly targets: readonly Expression[];
        readonly type: Expression | null;
        readonly value: Expression | null;
      }
    | {
        readonly kind: 'augmented';
        readonly operator: string;
        readonly target: Expression;
        readonly value: Expression;
      }
    | {
        readonly kind: 'if';
        readonly condition: Expression;
        readonly body: readonly Statement[];
        readonly otherwise: readonly Statement[];
      }
    | { readonly kind: 'while'; readonly condition: Expression; readonly body: readonly Statement[] }
    | {
        readonly kind: 'for';
        readonly target: Expression;
        readonly of: Expression;
        readonly body: readonly Statement[];
      }
    | { readonly kind: 'with'; readonly items: readonly WithItem[]; readonly body: readonly Statement[] }
    | { readonly kind: 'raise'; readonly value: Expression | null }
    | { readonly kind: 'assert'; readonly condition: Expression; readonly message: Expression | null }
    | { readonly kind: 'delete'; readonly targets: readonly Expression[] }
    | FunctionDefinition
    | ClassDefinition
  );

export interface WithItem {
  readonly value: Expression;
  readonly target: Expression | null;
}

export interface Parameter {
  readonly name: string;
  /** As it is annotated, or as a type comment below the `def` says. */
  readonly type: Expression | null;
  readonly otherwise: Expression | null;
  readonly isNamedOnly: boolean;
}

export interface FunctionDefinition extends Place {
  readonly kind: 'function';
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly returns: Expression | null;
  readonly body: readonly Statement[];
}

export interface ClassDefinition extends Place {
  readonly kind: 'class';
  readonly name: string;
  readonly base: string | null;
  readonly body: readonly Statement[];
}

/** A type as it is written: `Dict[str, Tensor]`. */
export function typeText(type: Expression): string {
  switch (type.kind) {
    case 'name':
      return type.name;
    case 'none':
      return 'None';
    case 'attribute':
      return `${typeText(type.of)}.${type.name}`;
    case 'subscript':
      return `${typeText(type.of)}[${type.indices.map((i) => ('line' in i ? typeText(i) : '?')).join(', ')}]`;
    case 'tuple':
      return type.items.map(typeText).join(', ');
    default:
      return '?';
  }
}
