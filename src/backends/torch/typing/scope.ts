import { SourceError } from '../language/lexer.ts';
import { converted } from './matching.ts';
import { isSubtype, listOf, type Type, typeName } from './types.ts';

/** Why a variable cannot be read, and the line that is to blame: where there is none, the one that reads it. */
export interface Fault {
  readonly reason: string;
  readonly line?: number;
}

/** The variables of a block and of those around it. A block within sees what is written in here; what it writes is its own until it is merged. */
export class Scope {
  readonly parent: Scope | null;
  readonly #types = new Map<string, Type>();
  /** Why a name that was written to cannot be read. */
  readonly #faults = new Map<string, Fault>();
  readonly #closures = new Set<string>();
  /** Types that variables were annotated with, of the whole function. */
  readonly #declared: Map<string, Type>;

  constructor(parent: Scope | null = null) {
    this.parent = parent;
    this.#declared = parent === null ? new Map() : parent.#declared;
  }

  /** What was written in this block. */
  get written(): readonly string[] {
    return [...this.#types.keys()];
  }

  /** Undefined where there is no variable of the name. @throws SourceError where there is one of no one type. */
  lookUp(name: string, line: number): Type | undefined {
    const fault = this.#faults.get(name);
    if (fault !== undefined) throw new SourceError(fault.reason, fault.line ?? line);
    return this.#types.get(name) ?? this.parent?.lookUp(name, line);
  }

  has(name: string): boolean {
    return this.#types.has(name) || this.#faults.has(name) || (this.parent?.has(name) ?? false);
  }

  /** Undefined where it cannot be read, too. */
  typeOf(name: string): Type | undefined {
    if (this.#faults.has(name)) return undefined;
    return this.#types.get(name) ?? this.parent?.typeOf(name);
  }

  declaredType(name: string): Type | undefined {
    return this.#declared.get(name);
  }

  /**
   * Writes a variable. One of a block around keeps its type.
   * @throws SourceError
   */
  assign(name: string, type: Type, line: number): void {
    const outer = this.parent?.typeOf(name);
    let stored = type;
    if (outer !== undefined) {
      stored = converted(outer, type, true);
      if (!isSubtype(stored, outer)) {
        throw new SourceError(
          `Variable '${name}' previously had type ${typeName(outer)} but is now being assigned to a value of type ${typeName(type)}`,
          line,
        );
      }
    }
    this.refine(name, stored);
  }

  /** Writes a variable with the type that it is annotated with. */
  declare(name: string, type: Type, line: number): void {
    if (this.parent?.typeOf(name) !== undefined) {
      throw new SourceError(
        `Attempting to declare and annotate the type of variable '${name}' that is already defined in an outer block`,
        line,
      );
    }
    this.#declared.set(name, type);
    this.refine(name, type);
  }

  /** Says more about a variable, or what it is behind two branches. */
  refine(name: string, type: Type): void {
    this.#types.set(name, type.kind === 'list' ? listOf(type.of) : type);
    this.#faults.delete(name);
    this.#closures.delete(name);
  }

  refineAll(types: ReadonlyMap<string, Type>): void {
    for (const [name, type] of types) this.refine(name, type);
  }

  /** The name can be written to, not be read. */
  forbid(name: string, fault: Fault): void {
    this.#types.delete(name);
    this.#faults.set(name, fault);
  }

  /** Names that cannot be read since this block. */
  get faults(): ReadonlyMap<string, Fault> {
    return this.#faults;
  }

  /** A function within a function, which TorchScript reads but does not call. */
  defineClosure(name: string): void {
    this.#closures.add(name);
  }

  isClosure(name: string): boolean {
    return this.#closures.has(name) || (this.parent?.isClosure(name) ?? false);
  }
}
