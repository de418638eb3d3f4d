import { errors } from '../../../errors.ts';
import { SourceError } from '../language/lexer.ts';
import { parseSource } from '../language/parser.ts';
import { type ClassDefinition, type Statement, typeText } from '../language/syntax.ts';
import { ScriptClass, ScriptFunction } from './values.ts';

type Definition = ScriptFunction | ScriptClass;

/** The module of a script, which has no name of its own. */
export const SCRIPT_MODULE = '';

/** The code of an archive or of a script: modules, parsed when they are needed. Never changed by a run, so that many share it. */
export class Program {
  readonly #code: ReadonlyMap<string, string>;
  readonly #modules = new Map<string, ReadonlyMap<string, Definition>>();

  /** Of the file that the code is from: what some ops mean. */
  readonly format: number;

  /** @param code sources by the names of their modules. */
  constructor(code: ReadonlyMap<string, string>, format = Number.POSITIVE_INFINITY) {
    this.#code = code;
    this.format = format;
  }

  hasModule(name: string): boolean {
    return this.#code.has(name);
  }

  /** @throws ServerError when the module's source cannot be read. */
  lookUp(module: string, name: string): Definition | undefined {
    return this.#module(module)?.get(name);
  }

  /** A class or a function by its full name: __torch__.torch.nn.modules.linear.Linear. */
  resolve(qualified: string): Definition | undefined {
    const at = qualified.lastIndexOf('.');
    return this.lookUp(qualified.slice(0, at), qualified.slice(at + 1));
  }

  /** Where errors say that the code is. */
  static fileOf(module: string): string {
    if (module === SCRIPT_MODULE) return '<string>';
    return `code/${module.replaceAll('.', '/')}.py`;
  }

  #module(name: string): ReadonlyMap<string, Definition> | undefined {
    const known = this.#modules.get(name);
    const source = this.#code.get(name);
    if (known !== undefined || source === undefined) return known;
    const definitions = new Map(parse(name, source).flatMap((statement) => definitionOf(name, statement)));
    this.#modules.set(name, definitions);
    return definitions;
  }
}

function parse(module: string, source: string): Statement[] {
  try {
    return parseSource(source);
  } catch (error) {
    if (error instanceof SourceError)
      throw errors.torchSyntax(Program.fileOf(module), error.line, error.message);
    throw error;
  }
}

function definitionOf(module: string, statement: Statement): (readonly [string, Definition])[] {
  if (statement.kind === 'function') return [[statement.name, new ScriptFunction(statement, module)]];
  if (statement.kind === 'class') return [[statement.name, classOf(module, statement)]];
  return [];
}

function classOf(module: string, { name, base, body }: ClassDefinition): ScriptClass {
  const fields = body.flatMap((statement) => {
    if (statement.kind !== 'assign' || statement.type === null) return [];
    const [target] = statement.targets;
    return target?.kind === 'name' ? [[target.name, typeText(statement.type)] as const] : [];
  });
  const methods = new Map(
    body.flatMap((statement) =>
      statement.kind === 'function' ? [[statement.name, new ScriptFunction(statement, module)] as const] : [],
    ),
  );
  return new ScriptClass(`${module}.${name}`, base === 'NamedTuple', new Map(fields), methods);
}
