import { createHash } from 'node:crypto';
import type { GraphBuilder } from './graph-builder.ts';
import type { HostTensor } from './host-tensor.ts';
import { type Attribute, modelBytes, type OnnxGraph, type OnnxNode } from './model-bytes.ts';
import type { Value } from './value.ts';

/** The operators of a graph that lead from some of its values to others: a model of its own. */
export interface GraphPart {
  /** The values that are needed, in the order in which the model takes them. */
  readonly inputs: readonly Value[];
  /** The same for parts that do the same, whatever their values are called and wherever they are in the graph. */
  readonly key: string;
  /** The model's file. @throws RangeError when it is too large for ONNX Runtime. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Takes parts out of a graph that is still growing. */
export class GraphParts {
  readonly #builder: GraphBuilder;
  readonly #producers = new Map<string, number>();
  #indexed = 0;

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  /**
   * @param outputs each made by an operator of the graph and none twice.
   * @param given the value of that name, where it is there already.
   */
  take(outputs: readonly Value[], given: (name: string) => Value | undefined): GraphPart {
    const { nodes, described = [] } = this.#builder.graph;
    this.#index(nodes);
    const positions = new Set<number>();
    const inputs = new Map<string, Value>();
    const constants = new Map<string, HostTensor>();
    const waiting = outputs.map(({ name }) => name).reverse();
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (name === '' || inputs.has(name) || constants.has(name)) continue;
      const value = given(name);
      const constant = this.#builder.initializers.get(name);
      if (value !== undefined) inputs.set(name, value);
      else if (constant !== undefined) constants.set(name, constant);
      else {
        const position = this.#producers.get(name);
        if (position === undefined) throw new Error(`nothing in the graph makes ${name}`);
        if (positions.has(position)) continue;
        positions.add(position);
        waiting.push(...namesUsed(nodes[position] as OnnxNode).reverse());
      }
    }
    const taken = [...positions].sort((a, b) => a - b).map((position) => nodes[position] as OnnxNode);
    const made = new Set(taken.flatMap(({ output }) => output));
    const graph: OnnxGraph = {
      nodes: taken,
      inputs: [...inputs.values()],
      outputs,
      described: described.filter(({ name }) => made.has(name)),
    };
    return {
      inputs: graph.inputs,
      key: keyOf(graph, constants),
      bytes: () => modelBytes(graph, constants),
    };
  }

  #index(nodes: readonly OnnxNode[]): void {
    for (; this.#indexed < nodes.length; this.#indexed++) {
      for (const name of (nodes[this.#indexed] as OnnxNode).output) this.#producers.set(name, this.#indexed);
    }
  }
}

/** Its inputs, and what its graphs use of the graph around them. */
function namesUsed({ input, attributes }: OnnxNode): string[] {
  const captured = Object.values(attributes).flatMap((attribute) => {
    if (typeof attribute !== 'object' || !('graph' in attribute)) return [];
    const { nodes, inputs } = attribute.graph;
    const own = new Set([...inputs.map(({ name }) => name), ...nodes.flatMap(({ output }) => output)]);
    return nodes.flatMap(namesUsed).filter((name) => !own.has(name));
  });
  return [...input, ...captured];
}

const digests = new WeakMap<HostTensor, string>();

function digestOf(tensor: HostTensor): string {
  const known = digests.get(tensor);
  if (known !== undefined) return known;
  const hash = createHash('sha1').update(`${tensor.dtype}[${tensor.shape.join()}]`).update(tensor.bytes);
  for (const text of tensor.strings ?? []) hash.update(`${text.length} `).update(text);
  const digest = hash.digest('base64');
  digests.set(tensor, digest);
  return digest;
}

function keyOf(graph: OnnxGraph, constants: ReadonlyMap<string, HostTensor>): string {
  return createHash('sha1').update(new Description(constants).of(graph), 'latin1').digest('base64');
}

/** A graph as a text in which names count by where they first appear, and constants by what is in them. */
class Description {
  readonly #constants: ReadonlyMap<string, HostTensor>;
  readonly #ids = new Map<string, number>();

  constructor(constants: ReadonlyMap<string, HostTensor>) {
    this.#constants = constants;
  }

  of({ nodes, inputs, outputs, described = [] }: OnnxGraph): string {
    const operators = nodes.map(({ opType, domain, input, output, attributes }) => {
      const names = Object.keys(attributes).sort();
      const settings = names.map((name) => `${name}=${this.#attribute(attributes[name] as Attribute)}`);
      const [from, to] = [input, output].map((values) => values.map((name) => this.#operand(name)));
      return `${domain}.${opType}(${from}){${settings}}->${to}`;
    });
    const [takes, gives, says] = [inputs, outputs, described].map((values) =>
      values.map((value) => this.#declaration(value)).join(),
    );
    return [takes, ...operators, says, gives].join('\n');
  }

  #id(kind: 'v' | 'd', name: string): string {
    const id = this.#ids.get(kind + name) ?? this.#ids.size;
    this.#ids.set(kind + name, id);
    return kind + id;
  }

  #operand(name: string): string {
    const constant = this.#constants.get(name);
    if (constant !== undefined) return `c${digestOf(constant)}`;
    return name && this.#id('v', name);
  }

  #declaration({ name, dtype, shape, isSequence }: Value): string {
    const dims = shape?.map((dim) => (typeof dim === 'string' ? this.#id('d', dim) : String(dim)));
    return `${this.#operand(name)}:${isSequence ? 'seq ' : ''}${dtype}[${dims ?? '?'}]`;
  }

  #attribute(attribute: Attribute): string {
    if (typeof attribute === 'number') return numberText(attribute);
    if (typeof attribute === 'string') return JSON.stringify(attribute);
    if ('float' in attribute) return `f${numberText(attribute.float)}`;
    if ('floats' in attribute) return `F[${attribute.floats.map(numberText)}]`;
    if ('strings' in attribute) return `S${JSON.stringify(attribute.strings)}`;
    if ('tensor' in attribute) return `t${digestOf(attribute.tensor)}`;
    if ('graph' in attribute) return `g{${this.of(attribute.graph)}}`;
    return `I[${attribute.map(numberText)}]`;
  }
}

function numberText(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}
