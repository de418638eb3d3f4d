import { type Frames, isExit, isMerge, isSwitch } from './frames.ts';
import { type Graph, type GraphNode, nodeNamed, type Ref } from './graph.ts';

/** Where two branches meet, as a choice between them. */
export interface Choice {
  readonly predicate: Ref;
  /** Which input of the Merge is there when the predicate holds; the other one is when it does not. */
  readonly whenTrue: 0 | 1;
  /** What the branches use that is computed whichever of them is taken. */
  readonly outside: readonly Ref[];
}

type Conditions = ReadonlySet<string>;
const NONE: Conditions = new Set();
const PASSES = new Set(['Identity', 'RefIdentity', 'LoopCond']);

/** Which Switch decides whether a value is there: TensorFlow 1 has no If, only values that are there or not. */
export class Branches {
  readonly #graph: Graph;
  readonly #frames: Frames;
  readonly #conditions = new Map<string, Conditions>();
  readonly #choices = new Map<string, Choice>();

  constructor(graph: Graph, frames: Frames) {
    this.#graph = graph;
    this.#frames = frames;
  }

  /** @throws Error when no Switch decides between the inputs. */
  choiceOf(merge: GraphNode): Choice {
    const known = this.#choices.get(merge.name) ?? this.#choice(merge);
    this.#choices.set(merge.name, known);
    return known;
  }

  #choice(merge: GraphNode): Choice {
    const [a, b] = merge.inputs;
    if (a === undefined || b === undefined || merge.inputs.length > 2) {
      throw new Error(`it merges ${merge.inputs.length} values`);
    }
    const [first, second] = [this.#conditionsOf(a), this.#conditionsOf(b)];
    for (const condition of first) {
      const [predicate, port] = split(condition);
      if (!second.has(`${predicate}#${1 - port}`)) continue;
      const outside = this.#outside([a, b], predicate);
      return { predicate: refOf(predicate), whenTrue: port === 1 ? 0 : 1, outside };
    }
    throw new Error('no Switch decides between its inputs');
  }

  /** What the branches need that does not hang on the predicate. */
  #outside(branches: readonly Ref[], predicate: string): Ref[] {
    const found = new Map<string, Ref>();
    const seen = new Set<string>();
    const stack = [...branches];
    for (let ref = stack.pop(); ref !== undefined; ref = stack.pop()) {
      const node = nodeNamed(this.#graph, ref.node);
      const conditions = this.#conditionsOf(ref);
      if (!conditions.has(`${predicate}#0`) && !conditions.has(`${predicate}#1`)) {
        found.set(keyOf(ref), ref);
      } else if (!seen.has(ref.node)) {
        seen.add(ref.node);
        stack.push(...(isSwitch(node) ? node.inputs.slice(0, 1) : this.#inputsOf(node)));
        if (isSwitch(node) && this.#predicateOf(node) !== predicate) stack.push(...node.inputs.slice(1));
      }
    }
    return [...found.values()];
  }

  #inputsOf(node: GraphNode): readonly Ref[] {
    if (isExit(node)) {
      return this.#frames.leftThrough(node)?.enters.flatMap(({ inputs }) => inputs) ?? node.inputs;
    }
    return node.inputs.filter((ref) => !this.#frames.isBackEdge(ref));
  }

  #conditionsOf(ref: Ref): Conditions {
    const node = nodeNamed(this.#graph, ref.node);
    const conditions = this.#conditionsOfNode(node);
    if (!isSwitch(node)) return conditions;
    return new Set([...conditions, `${this.#predicateOf(node)}#${portOf(ref)}`]);
  }

  /** With a stack of its own: graphs are deeper than recursion goes. */
  #conditionsOfNode(start: GraphNode): Conditions {
    const stack = [start];
    const entered = new Set<string>();
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const needed = this.#whatDecides(node);
      const isReady = this.#conditions.has(node.name) || entered.has(node.name);
      entered.add(node.name);
      // A graph that is damaged may be cyclic: what is entered already is waited for no more.
      const isMissing = ({ node: name }: Ref) => !this.#conditions.has(name) && !entered.has(name);
      const missing = isReady ? [] : needed.filter(isMissing);
      if (missing.length > 0) {
        stack.push(...missing.map((ref) => nodeNamed(this.#graph, ref.node)));
        continue;
      }
      stack.pop();
      if (this.#conditions.has(node.name)) continue;
      const sets = needed.map((ref) => this.#knownConditions(ref));
      this.#conditions.set(node.name, isMerge(node) ? intersection(sets) : union(sets));
    }
    return this.#conditions.get(start.name) ?? NONE;
  }

  #knownConditions(ref: Ref): Conditions {
    return this.#conditions.has(ref.node) ? this.#conditionsOf(ref) : NONE;
  }

  #whatDecides(node: GraphNode): readonly Ref[] {
    const controls = node.controls.map((name) => ({ node: name, port: 0 }));
    return [...this.#inputsOf(node).slice(0, isSwitch(node) ? 1 : undefined), ...controls];
  }

  /** The predicate of a Switch, by one name wherever it was passed on to. */
  #predicateOf(node: GraphNode): string {
    let ref = node.inputs[1];
    if (ref === undefined) throw new Error(`the Switch '${node.name}' has no predicate`);
    // Each at most once: a graph that is damaged may be cyclic.
    for (const seen = new Set<string>(); ; seen.add(ref.node)) {
      const from = nodeNamed(this.#graph, ref.node);
      const [passed] = from.inputs;
      if (passed === undefined || seen.has(ref.node) || !(PASSES.has(from.op) || isSwitch(from)))
        return keyOf(ref);
      ref = passed;
    }
  }
}

/** Of a Switch in a function's body the outputs have names. */
function portOf({ output, port }: Ref): number {
  return output === 'output_true' ? 1 : port;
}

function keyOf({ node, output, port }: Ref): string {
  return output === undefined ? `${node}:${port}` : `${node}:${output}:${port}`;
}

function refOf(key: string): Ref {
  const [node = '', ...rest] = key.split(':');
  const port = Number(rest.pop());
  const [output] = rest;
  return output === undefined ? { node, port } : { node, output, port };
}

function split(condition: string): [string, 0 | 1] {
  const at = condition.lastIndexOf('#');
  return [condition.slice(0, at), condition.endsWith('1') ? 1 : 0];
}

function union(sets: readonly Conditions[]): Conditions {
  const different = [...new Set(sets)].filter((set) => set.size > 0);
  if (different.length <= 1) return different[0] ?? NONE;
  return new Set(different.flatMap((set) => [...set]));
}

function intersection(sets: readonly Conditions[]): Conditions {
  const [first = NONE, ...others] = sets;
  return new Set([...first].filter((condition) => others.every((set) => set.has(condition))));
}
