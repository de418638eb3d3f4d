import { type Graph, type GraphNode, originOf, type Ref } from './graph.ts';

/** A value that goes round in a loop. */
export interface LoopVariable {
  readonly merge: GraphNode;
  /** What it is at first. */
  readonly initial: Ref;
  /** What it is in the next round. */
  readonly next: Ref;
  /** Whether that is what it was. */
  readonly isInvariant: boolean;
}

/** A loop as TensorFlow 1 has it: values come in through Enter, go round from NextIteration to Merge, and leave through Switch and Exit. */
export interface Frame {
  readonly enters: GraphNode[];
  readonly variables: LoopVariable[];
  readonly exits: GraphNode[];
  condition?: Ref;
}

const ENTER = new Set(['Enter', 'RefEnter']);
const EXIT = new Set(['Exit', 'RefExit']);
const MERGE = new Set(['Merge', 'RefMerge']);
const SWITCH = new Set(['Switch', 'RefSwitch']);
const NEXT = new Set(['NextIteration', 'RefNextIteration']);
const PASSES = new Set(['Identity', 'RefIdentity']);

export const isSwitch = ({ op }: GraphNode): boolean => SWITCH.has(op);
export const isMerge = ({ op }: GraphNode): boolean => MERGE.has(op);
const isPassage = ({ op }: GraphNode): boolean => PASSES.has(op);
export const isExit = ({ op }: GraphNode): boolean => EXIT.has(op);

/** All loops of a graph. Of what no output needs there is nothing in them. */
export class Frames {
  readonly #graph: Graph;
  readonly #byName = new Map<string, Frame>();
  readonly #byExit = new Map<string, Frame>();
  readonly #merges = new Set<string>();

  constructor(graph: Graph, isNeeded: (node: GraphNode) => boolean) {
    this.#graph = graph;
    const nodes = [...graph.nodes.values()].filter(isNeeded);
    for (const node of nodes) if (ENTER.has(node.op)) this.#frameOf(node).enters.push(node);
    for (const node of nodes) if (isMerge(node)) this.#addVariable(node);
    const byCondition = new Map<string, Frame>();
    for (const frame of this.#byName.values()) {
      for (const { merge } of frame.variables) byCondition.set(merge.name, frame);
    }
    const switches = nodes.filter(isSwitch);
    const frames = new Map<string, Frame>();
    for (const { inputs } of switches) {
      const [data, predicate] = inputs;
      const frame = data && byCondition.get(data.node);
      if (frame === undefined || predicate === undefined || !this.#isLoopCondition(predicate)) continue;
      frame.condition = predicate;
      frames.set(predicate.node, frame);
    }
    for (const node of nodes) {
      if (!isExit(node)) continue;
      const [, predicate] = this.#node(node.inputs[0])?.inputs ?? [];
      const frame = predicate && frames.get(predicate.node);
      if (frame === undefined) continue;
      frame.exits.push(node);
      this.#byExit.set(node.name, frame);
    }
  }

  /** The loop that a value leaves. */
  leftThrough(exit: GraphNode): Frame | undefined {
    return this.#byExit.get(exit.name);
  }

  /** Whether a Merge is where a loop begins, and not where branches meet. */
  isLoopMerge(node: GraphNode): boolean {
    return this.#merges.has(node.name);
  }

  /** What another round hands over, which is not there before the first one. */
  isBackEdge(ref: Ref): boolean {
    return NEXT.has(this.#node(ref)?.op ?? '');
  }

  #addVariable(merge: GraphNode): void {
    const back = merge.inputs.find((ref) => this.isBackEdge(ref));
    const initial = merge.inputs.find((ref) => !this.isBackEdge(ref));
    const next = this.#node(back)?.inputs[0];
    if (back === undefined || initial === undefined || next === undefined) return;
    this.#merges.add(merge.name);
    const enter = originOf(this.#graph, initial, isPassage);
    if (enter === undefined || !ENTER.has(enter.op)) return;
    const isInvariant = this.#comesFrom(next, merge);
    this.#frameOf(enter).variables.push({ merge, initial, next, isInvariant });
  }

  /** Whether a value is what the Merge gave, passed on through Switch and Identity. */
  #comesFrom(ref: Ref, merge: GraphNode): boolean {
    return originOf(this.#graph, ref, (node) => isPassage(node) || isSwitch(node)) === merge;
  }

  #isLoopCondition(ref: Ref): boolean {
    return originOf(this.#graph, ref, isPassage)?.op === 'LoopCond';
  }

  #frameOf(enter: GraphNode): Frame {
    const name = enter.attributes.text('frame_name', '');
    const frame = this.#byName.get(name) ?? { enters: [], variables: [], exits: [] };
    this.#byName.set(name, frame);
    return frame;
  }

  #node(ref: Ref | undefined): GraphNode | undefined {
    return ref && this.#graph.nodes.get(ref.node);
  }
}
