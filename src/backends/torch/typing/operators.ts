import { readFileSync } from 'node:fs';
import { OPS } from '../ops/index.ts';
import {
  DEVICE,
  INT,
  isPlainName,
  listOf,
  NONE,
  NUMBER,
  optionalOf,
  plain,
  type Type,
  tupleOf,
  UNKNOWN,
} from './types.ts';

export interface SchemaParameter {
  readonly name: string;
  readonly type: Type;
  /** int[2]: a single int will do as well. */
  readonly takesOne: boolean;
  readonly hasDefault: boolean;
  readonly isNamedOnly: boolean;
}

/** What a function takes and gives: an overload of an operator, or a function of the script. */
export interface FunctionSchema {
  readonly name: string;
  readonly parameters: readonly SchemaParameter[];
  /** `...`: it takes as many more arguments as it is given. */
  readonly isVariadic: boolean;
  readonly returns: Type;
}

/** What libtorch defines in TorchScript itself, which is not in its list of operators. */
const DEFINED = [
  ...['mul', 'add', 'ne', 'eq', 'sub', 'div', 'lt', 'le', 'gt', 'ge', 'remainder'].map(
    (name) => `aten::${name}(Scalar a, Tensor b) -> Tensor`,
  ),
  'aten::floordiv(Tensor self, Tensor other) -> Tensor',
  'aten::floordiv(Tensor self, Scalar other) -> Tensor',
  'aten::__contains__(str self, str key) -> bool',
];

/**
 * Names by their overloads, in the order in which they are tried; none where only the name is known. libtorch-operators.txt is written by
 * test/fixtures/torchscript/generate.py from the registry of libtorch 1.13.
 */
let index: Map<string, string[]> | undefined;
const parsed = new Map<string, readonly FunctionSchema[]>();

function schemaTexts(): Map<string, string[]> {
  if (index !== undefined) return index;
  index = new Map();
  const file = readFileSync(new URL('./libtorch-operators.txt', import.meta.url), 'utf8');
  for (const text of [...file.trim().split('\n'), ...DEFINED]) {
    const at = text.indexOf('(');
    const name = at < 0 ? text : text.slice(0, at);
    const known = index.get(name) ?? [];
    if (at >= 0) known.push(text);
    index.set(name, known);
  }
  return index;
}

/**
 * The overloads of an operator of libtorch 1.13, none where they are not known, as of those that only later versions have; undefined where there
 * is no such operator.
 * @param name qualified: aten::add.
 */
export function operatorSchemas(name: string): readonly FunctionSchema[] | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const texts = schemaTexts().get(name);
  if (texts === undefined) return OPS.has(name) || OPS.has(name.replace(/_$/, '')) ? [] : undefined;
  const schemas = texts.map(parseSchema);
  parsed.set(name, schemas);
  return schemas;
}

/** Reads types as schemas have them: `(Tensor values, int[2]? size)`. */
class SchemaReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/->|\.\.\.|[\w:]+|[^\s\w]/g) ?? [];
  }

  get next(): string | undefined {
    return this.#tokens[this.#at];
  }

  take(): string {
    return this.#tokens[this.#at++] as string;
  }

  accepts(token: string): boolean {
    const found = this.next === token;
    if (found) this.#at++;
    return found;
  }

  type(): { type: Type; takesOne: boolean } {
    let type = this.accepts('(') ? tupleOf(this.#types()) : this.#named(this.take());
    let takesOne = false;
    for (;;) {
      if (this.accepts('?')) type = optionalOf(type);
      else if (this.accepts('[')) {
        type = listOf(type);
        if (!this.accepts(']')) {
          takesOne = true;
          this.take();
          this.accepts(']');
        }
      } else return { type, takesOne };
    }
  }

  #types(): Type[] {
    const types: Type[] = [];
    while (!this.accepts(')')) {
      types.push(this.type().type);
      this.accepts(',');
    }
    return types;
  }

  #named(name: string): Type {
    if (this.accepts('(')) {
      const [first = UNKNOWN, second = UNKNOWN] = this.#types();
      if (name === 'Dict') return { kind: 'dict', key: first, value: second };
      return name === 'Future' ? { kind: 'future', of: first } : UNKNOWN;
    }
    switch (name) {
      case 'Scalar':
        return NUMBER;
      // Enumerations are ints to TorchScript.
      case 'ScalarType':
      case 'Layout':
      case 'MemoryFormat':
      case 'QScheme':
      case 'SymInt':
        return INT;
      case 'NoneType':
        return NONE;
      case 'Device':
        return DEVICE;
      default:
        if (isPlainName(name)) return plain(name);
        return /^t/.test(name) ? { kind: 'variable', name } : UNKNOWN;
    }
  }
}

/** @param text without values of defaults: `aten::add(Tensor self, Tensor other, *, Scalar alpha=) -> Tensor`. */
function parseSchema(text: string): FunctionSchema {
  const reader = new SchemaReader(text);
  const name = reader.take();
  const parameters: SchemaParameter[] = [];
  let isNamedOnly = false;
  let isVariadic = false;
  reader.accepts('(');
  while (!reader.accepts(')')) {
    if (reader.accepts('*')) isNamedOnly = true;
    else if (reader.accepts('...')) isVariadic = true;
    else {
      const type = reader.type();
      parameters.push({ name: reader.take(), ...type, isNamedOnly, hasDefault: reader.accepts('=') });
    }
    reader.accepts(',');
  }
  reader.accepts('->');
  return { name, parameters, isVariadic, returns: parseReturns(reader) };
}

/** One type, or several in parentheses, which may have names; none is None. */
function parseReturns(reader: SchemaReader): Type {
  if (reader.accepts('...')) return UNKNOWN;
  if (!reader.accepts('(')) return reader.type().type;
  const items: Type[] = [];
  const names: string[] = [];
  while (!reader.accepts(')')) {
    items.push(reader.type().type);
    if (reader.next !== ',' && reader.next !== ')') names.push(reader.take());
    reader.accepts(',');
  }
  if (items.length === 0) return NONE;
  return items.length === 1
    ? (items[0] as Type)
    : tupleOf(items, names.length === items.length ? names : undefined);
}
