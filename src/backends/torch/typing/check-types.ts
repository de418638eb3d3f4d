import { SourceError } from '../language/lexer.ts';
import type { ClassDefinition, FunctionDefinition, Statement } from '../language/syntax.ts';
import { annotatedType } from './annotations.ts';
import type { Dialect } from './dialect.ts';
import { ExpressionChecker, type Surroundings } from './expression-checker.ts';
import { converted } from './matching.ts';
import type { FunctionSchema } from './operators.ts';
import { StatementChecker } from './statement-checker.ts';
import { isSubtype, TENSOR, type Type, typeName, UNKNOWN } from './types.ts';

export interface TypeOptions {
  /** Where names are looked up; `native` by default. */
  readonly dialect?: Dialect;
}

/**
 * Checks what libtorch checks when it compiles a source: that names are there, that calls fit, that variables keep their types.. What it cannot
 * know is taken for right.
 * @param statements of parseSource: of a script, or of one file of an archive.
 * @throws SourceError with the line and the cause of the first thing that is wrong.
 */
export function checkTypes(statements: readonly Statement[], { dialect = 'native' }: TypeOptions = {}): void {
  new SourceChecker(statements, dialect).check();
}

/** Expressions that are looked at, some of them often: a loop over a tuple is checked for each item. No file of torchvision's models has 20 000. */
const MAX_STEPS = 1_000_000;

/** The functions of a source, checked when they are first asked for. */
class SourceChecker implements Surroundings {
  readonly dialect: Dialect;
  readonly #statements: readonly Statement[];
  readonly #functions = new Map<string, FunctionDefinition>();
  readonly #schemas = new Map<string, FunctionSchema>();
  /** Those whose bodies are being checked. */
  readonly #open = new Set<string>();
  #steps = 0;
  #line = 1;

  constructor(statements: readonly Statement[], dialect: Dialect) {
    this.#statements = statements;
    this.dialect = dialect;
  }

  check(): void {
    try {
      for (const statement of this.#statements) this.#define(statement);
      for (const [name, { line }] of this.#functions) this.functionSchema(name, line);
      for (const statement of this.#statements) if (statement.kind === 'class') this.#class(statement);
    } catch (error) {
      if (!(error instanceof RangeError && /call stack/.test(error.message))) throw error;
      throw new SourceError('nested too deeply', this.#line);
    }
  }

  step(line: number): void {
    this.#line = line;
    if (++this.#steps > MAX_STEPS) throw new SourceError('the source takes too long to check', line);
  }

  functionSchema(name: string, line: number): FunctionSchema | undefined {
    const known = this.#schemas.get(name);
    const definition = this.#functions.get(name);
    if (known !== undefined || definition === undefined) return known;
    if (this.#open.has(name)) {
      throw new SourceError(
        `function '${name}' is called recursively. Recursive calls are not supported`,
        line,
      );
    }
    this.#open.add(name);
    const schema = this.#checked(definition);
    this.#open.delete(name);
    this.#schemas.set(name, schema);
    return schema;
  }

  #define(statement: Statement): void {
    const { kind, line } = statement;
    if (kind === 'function') {
      if (this.#functions.has(statement.name))
        throw new SourceError(`method '${statement.name}' already defined`, line);
      this.#functions.set(statement.name, statement);
    } else if (this.dialect !== 'archive' && kind !== 'pass') {
      const found = OUTSIDE[kind];
      throw new SourceError(found === undefined ? 'expected def' : `expected def but found ${found}`, line);
    }
  }

  #class({ body, base }: ClassDefinition): void {
    if (base === 'NamedTuple') return;
    for (const statement of body) if (statement.kind === 'function') this.#checked(statement, true);
  }

  /** @param isMethod whether its first parameter is an object. */
  #checked(definition: FunctionDefinition, isMethod = false): FunctionSchema {
    const { name, parameters, returns } = definition;
    this.#checkDefaults(definition);
    const types = parameters.map(({ type }, i): Type => {
      if (isMethod && i === 0) return UNKNOWN;
      return type === null ? TENSOR : annotatedType(type, this.dialect);
    });
    const declared = returns === null ? undefined : annotatedType(returns, this.dialect);
    const checker = new StatementChecker(this, declared);
    const given = checker.check(
      definition,
      new Map(parameters.map((parameter, i) => [parameter.name, types[i] as Type])),
    );
    return {
      name,
      parameters: parameters.map((parameter, i) => ({
        name: parameter.name,
        type: types[i] as Type,
        takesOne: false,
        hasDefault: parameter.otherwise !== null,
        isNamedOnly: parameter.isNamedOnly,
      })),
      isVariadic: false,
      returns: given,
    };
  }

  #checkDefaults({ parameters, line }: FunctionDefinition): void {
    let hasDefault = false;
    for (const { name, type, otherwise, isNamedOnly } of parameters) {
      if (otherwise === null) {
        if (hasDefault && !isNamedOnly) {
          throw new SourceError(`Non-default positional argument ${name} follows default argument`, line);
        }
        continue;
      }
      hasDefault = true;
      if (type === null) {
        throw new SourceError(
          `Keyword arguments with defaults need to be type-hinted: ${name}`,
          otherwise.line,
        );
      }
      const wanted = annotatedType(type, this.dialect);
      const actual = new ExpressionChecker(this).typeOf(otherwise, wanted);
      if (!isSubtype(converted(wanted, actual, false), wanted)) {
        throw new SourceError(
          `the default of '${name}' is of type ${typeName(actual)} and not of ${typeName(wanted)}`,
          otherwise.line,
        );
      }
    }
  }
}

const OUTSIDE: Readonly<Partial<Record<Statement['kind'], string>>> = {
  class: "'class'",
  import: "'import'",
  decorator: "'@'",
};
