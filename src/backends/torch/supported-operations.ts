import { errors } from '../../errors.ts';
import { dotted } from './interpreter/evaluator.ts';
import { isPlainOperation } from './interpreter/functions.ts';
import { Program } from './interpreter/program.ts';
import { ScriptClass, ScriptFunction } from './interpreter/values.ts';
import type { Expression, Statement } from './language/syntax.ts';
import { OPS } from './ops/index.ts';

/** What a variable is, as far as it matters here: an instance of a class, or a function. */
type Known = { readonly instanceOf: ScriptClass } | { readonly callee: ScriptFunction };

/**
 * Looks for operations that are not there in what a run of `forward` surely does: branches and loops are left out, as are values whose type is
 * not written down. What this does not find, the run that gets there finds.
 * @throws ServerError that names the operation and its place.
 */
export function checkOperations(program: Program, root: string): void {
  const type = program.resolve(root);
  const forward = type instanceof ScriptClass ? type.methods.get('forward') : undefined;
  if (type instanceof ScriptClass && forward !== undefined) checkAll(program, [[forward, type]]);
}

/** The same for functions. @throws ServerError like `checkOperations`. */
export function checkFunctions(program: Program, functions: Iterable<ScriptFunction>): void {
  checkAll(
    program,
    Array.from(functions, (callee) => [callee, null]),
  );
}

type Owned = readonly [ScriptFunction, ScriptClass | null];

function checkAll(program: Program, functions: readonly Owned[]): void {
  const seen = new Set<ScriptFunction>();
  const waiting = [...functions];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [callee, owner] = next;
    if (seen.has(callee)) continue;
    seen.add(callee);
    waiting.push(...new BodyCheck(program, callee, owner).calls());
  }
}

class BodyCheck {
  readonly #program: Program;
  readonly #callee: ScriptFunction;
  readonly #known = new Map<string, Known>();
  readonly #calls: (readonly [ScriptFunction, ScriptClass | null])[] = [];
  #line = 0;

  constructor(program: Program, callee: ScriptFunction, owner: ScriptClass | null) {
    this.#program = program;
    this.#callee = callee;
    const [self] = callee.definition.parameters;
    if (owner !== null && self !== undefined) this.#known.set(self.name, { instanceOf: owner });
  }

  /** What the body surely calls. */
  calls(): readonly (readonly [ScriptFunction, ScriptClass | null])[] {
    this.#block(this.#callee.definition.body);
    return this.#calls;
  }

  #block(statements: readonly Statement[]): void {
    for (const statement of statements) {
      this.#line = statement.line;
      switch (statement.kind) {
        case 'expression':
        case 'augmented':
          this.#visit(statement.value);
          break;
        case 'assign':
          this.#assign(statement);
          break;
        case 'return':
          if (statement.value !== null) this.#visit(statement.value);
          return;
        case 'if':
        case 'while':
          this.#visit(statement.condition);
          // What comes behind may never be reached.
          if (leaves(statement)) return;
          break;
        case 'for':
          this.#visit(statement.of);
          if (leaves(statement)) return;
          break;
        case 'with':
          this.#block(statement.body);
          break;
        default:
          break;
      }
    }
  }

  #assign({ targets, value }: Extract<Statement, { kind: 'assign' }>): void {
    if (value === null) return;
    this.#visit(value);
    const known = this.#typeOf(value);
    const [target] = targets;
    if (target?.kind !== 'name') return;
    if (known === undefined) this.#known.delete(target.name);
    else this.#known.set(target.name, known);
  }

  #visit(expression: Expression): void {
    switch (expression.kind) {
      case 'call':
        this.#call(expression);
        for (const arg of expression.args) this.#visit(arg);
        for (const [, arg] of expression.named) this.#visit(arg);
        break;
      case 'attribute':
      case 'subscript':
        this.#visit(expression.of);
        break;
      case 'tuple':
      case 'list':
        for (const item of expression.items) this.#visit(item);
        break;
      case 'not':
      case 'unary':
        this.#visit(expression.operand);
        break;
      case 'binary':
        this.#visit(expression.left);
        this.#visit(expression.right);
        break;
      case 'and':
      case 'or':
        this.#visit(expression.left);
        break;
      case 'compare':
        this.#visit(expression.first);
        break;
      case 'conditional':
        this.#visit(expression.condition);
        break;
      default:
        break;
    }
  }

  #call({ callee }: Extract<Expression, { kind: 'call' }>): void {
    const known = this.#typeOf(callee);
    if (known !== undefined && 'callee' in known) this.#calls.push([known.callee, null]);
    if (callee.kind !== 'attribute') return;
    const owner = this.#typeOf(callee.of);
    const method =
      owner !== undefined && 'instanceOf' in owner ? owner.instanceOf.methods.get(callee.name) : undefined;
    if (owner !== undefined && 'instanceOf' in owner && method !== undefined) {
      this.#calls.push([method, owner.instanceOf]);
      return;
    }
    const name = operationName(dotted(callee) ?? []);
    if (name === undefined || isSupported(name)) {
      if (name === undefined && owner === undefined) this.#visit(callee.of);
      return;
    }
    const { module, definition } = this.#callee;
    throw errors.torchUnsupported(name, `${Program.fileOf(module)}:${this.#line} in ${definition.name}`);
  }

  #typeOf(expression: Expression): Known | undefined {
    if (expression.kind === 'name') return this.#known.get(expression.name);
    if (expression.kind === 'call') {
      const [owner, name] = expression.args;
      const isGetattr = expression.callee.kind === 'name' && expression.callee.name === 'getattr';
      return isGetattr && owner !== undefined && name?.kind === 'string'
        ? this.#field(owner, name.value)
        : undefined;
    }
    if (expression.kind !== 'attribute') return undefined;
    const path = dotted(expression);
    if (path?.[0] === '__torch__') {
      const defined = this.#program.resolve(path.join('.'));
      return defined instanceof ScriptFunction ? { callee: defined } : undefined;
    }
    return this.#field(expression.of, expression.name);
  }

  #field(owner: Expression, name: string): Known | undefined {
    const known = this.#typeOf(owner);
    const type = known !== undefined && 'instanceOf' in known ? known.instanceOf.fields.get(name) : undefined;
    const found = type?.startsWith('__torch__.') ? this.#program.resolve(type) : undefined;
    return found instanceof ScriptClass ? { instanceOf: found } : undefined;
  }
}

function operationName(path: readonly string[]): string | undefined {
  if (path[0] === 'torch' && path.length === 2) return `aten::${path[1]}`;
  return path[0] === 'ops' && path.length === 3 ? `${path[1]}::${path[2]}` : undefined;
}

/** Whether a statement may end the function with a result. */
function leaves(statement: Statement): boolean {
  switch (statement.kind) {
    case 'return':
      return true;
    case 'if':
      return statement.body.some(leaves) || statement.otherwise.some(leaves);
    case 'for':
    case 'while':
    case 'with':
      return statement.body.some(leaves);
    default:
      return false;
  }
}

/** Attributes of tensors are prim:: too, and not listed: they are found when they are asked for. */
function isSupported(name: string): boolean {
  if (name.startsWith('prim::') || isPlainOperation(name) || OPS.has(name)) return true;
  return name.endsWith('_') && OPS.has(name.slice(0, -1));
}
