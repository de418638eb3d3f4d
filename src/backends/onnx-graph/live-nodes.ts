import type { Attribute, OnnxGraph, OnnxNode } from './model-bytes.ts';

/** The graph without nodes that no output needs: ONNX Runtime would run them. */
export function liveGraph(graph: OnnxGraph): OnnxGraph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: OnnxNode[] = [];
  // Nodes come after those that they need.
  for (const node of [...graph.nodes].reverse()) {
    if (!node.output.some((name) => needed.has(name))) continue;
    nodes.push(node);
    for (const name of namesIn(node)) needed.add(name);
  }
  const described = graph.described?.filter(({ name }) => needed.has(name));
  return { ...graph, nodes: nodes.reverse(), ...(described && { described }) };
}

/** All that the nodes of a graph take, also from the graphs around it. */
export function namesUsed({ nodes, outputs }: OnnxGraph): Set<string> {
  return new Set([...nodes.flatMap(namesIn), ...outputs.map(({ name }) => name)]);
}

function namesIn({ input, attributes }: OnnxNode): string[] {
  return [...input, ...Object.values(attributes).flatMap(namesOfGraph)];
}

function namesOfGraph(attribute: Attribute): string[] {
  return typeof attribute === 'object' && 'graph' in attribute ? [...namesUsed(attribute.graph)] : [];
}
