import { errors } from '../../../errors.ts';
import { Program, SCRIPT_MODULE } from '../interpreter/program.ts';
import { ScriptFunction } from '../interpreter/values.ts';
import { SourceError } from '../language/lexer.ts';
import { parseSource } from '../language/parser.ts';
import { type Parameter, typeText } from '../language/syntax.ts';
import { checkTypes } from '../typing/check-types.ts';

/** A script as its session runs it. */
export interface CompiledScript {
  readonly program: Program;
  readonly functions: ReadonlyMap<string, ScriptFunction>;
}

/**
 * Reads the source of a script and checks its types: functions, and nothing else at the top level. Like libtorch it takes the source as bytes, so that a text has
 * one character a byte.
 * @throws ServerError with the line where it is none.
 */
export function compileScript(source: Uint8Array): CompiledScript {
  const text = Buffer.from(source.buffer, source.byteOffset, source.length).toString('latin1');
  const names = functionNames(text);
  const program = new Program(new Map([[SCRIPT_MODULE, text]]));
  const functions = new Map<string, ScriptFunction>();
  for (const name of names) {
    const found = program.lookUp(SCRIPT_MODULE, name);
    if (found instanceof ScriptFunction) functions.set(name, found);
  }
  return { program, functions };
}

function functionNames(text: string): string[] {
  try {
    const statements = parseSource(text);
    checkTypes(statements);
    return statements.flatMap((statement) => (statement.kind === 'function' ? [statement.name] : []));
  } catch (error) {
    if (error instanceof SourceError) {
      throw errors.torchSyntax(Program.fileOf(SCRIPT_MODULE), error.line, error.message);
    }
    throw error;
  }
}

/** A parameter's type without spaces; one without a type is a Tensor. */
export function parameterType({ type }: Parameter): string {
  return type === null ? 'Tensor' : typeText(type).replaceAll(' ', '').replaceAll('torch.Tensor', 'Tensor');
}
