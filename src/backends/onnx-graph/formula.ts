import type { DataType } from './data-types.ts';
import type { Value } from './value.ts';

/** Whoever builds a graph. */
export interface FormulaGraph {
  emit(op: string, inputs: readonly (Value | null)[]): Value;
  constant(dtype: DataType, element: number): Value;
  cast(value: Value, dtype: DataType): Value;
}

/** An operand: a value of the formula's dtype, or a number that becomes a constant of it. */
export type Term = Value | number;

/** Formulas on values of one dtype, a float, that read as such. */
export class Formula {
  readonly dtype: DataType;
  readonly #graph: FormulaGraph;

  constructor(graph: FormulaGraph, dtype: DataType) {
    this.#graph = graph;
    this.dtype = dtype;
  }

  value(term: Term): Value {
    return typeof term === 'number' ? this.#graph.constant(this.dtype, term) : term;
  }

  /** Any of ONNX's operators without attributes. */
  of(operator: string, ...terms: readonly Term[]): Value {
    return this.#graph.emit(
      operator,
      terms.map((term) => this.value(term)),
    );
  }

  cast(x: Value, to: DataType): Value {
    return this.#graph.cast(x, to);
  }

  add(...terms: readonly Term[]): Value {
    return terms.map((term) => this.value(term)).reduce((sum, term) => this.of('Add', sum, term));
  }

  mul(...terms: readonly Term[]): Value {
    return terms.map((term) => this.value(term)).reduce((product, term) => this.of('Mul', product, term));
  }

  sub(x: Term, y: Term): Value {
    return this.of('Sub', x, y);
  }

  div(x: Term, y: Term): Value {
    return this.of('Div', x, y);
  }

  where(condition: Value, x: Term, y: Term): Value {
    return this.of('Where', condition, x, y);
  }

  less(x: Term, y: Term): Value {
    return this.of('Less', x, y);
  }

  equal(x: Term, y: Term): Value {
    return this.of('Equal', x, y);
  }

  exp(x: Term): Value {
    return this.of('Exp', x);
  }

  log(x: Term): Value {
    return this.of('Log', x);
  }

  sqrt(x: Term): Value {
    return this.of('Sqrt', x);
  }

  abs(x: Term): Value {
    return this.of('Abs', x);
  }

  neg(x: Term): Value {
    return this.of('Neg', x);
  }

  /** @param coefficients highest power first. */
  polynomial(x: Value, coefficients: readonly number[]): Value {
    const [first = 0, ...others] = coefficients;
    return others.reduce((sum, coefficient) => this.add(this.mul(sum, x), coefficient), this.value(first));
  }

  /** e^x - 1 without cancellation near 0: tanh(x/2) (e^x + 1). */
  expm1(x: Value): Value {
    return this.mul(this.of('Tanh', this.mul(x, 0.5)), this.add(this.exp(x), 1));
  }

  /** log(1 + x) without the rounding of 1 + x: what was lost there is a factor (Kahan). */
  log1p(x: Value): Value {
    const sum = this.add(x, 1);
    const log = this.log(sum);
    const exact = this.mul(log, this.div(x, this.sub(sum, 1)));
    const finite = this.where(this.of('IsInf', sum), log, exact);
    return this.where(this.equal(sum, 1), x, finite);
  }
}
