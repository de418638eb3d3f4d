import { readGraph } from './graph-reader.ts';
import { JsonPlace } from './json-place.ts';
import type { ExportedProgram, Range } from './program.ts';
import { readSignature } from './signature-reader.ts';

/** Of the schema in torch/_export/serde/schema.py; a new one means that older readers would misunderstand. */
const NEWEST_SCHEMA = 8;

/** @throws Error that says what is wrong, and where in the file. */
export function readProgram(bytes: Uint8Array, name: string): ExportedProgram {
  const program = JsonPlace.parse(bytes, name);
  // torch 2.1 writes none.
  const version = program.optional('schema_version')?.optional('major');
  if (version !== undefined && version.int() > NEWEST_SCHEMA) {
    version.fail(`is ${version.int()}, and up to ${NEWEST_SCHEMA} is known here`);
  }
  const module = program.field('graph_module');
  const graph = readGraph(module.field('graph'));
  const { inputs, outputs } = readSignature(module.field('signature'), graph);
  const ranges = (program.optional('range_constraints')?.entries() ?? []).map(
    ([symbol, range]) => [symbol, readRange(range)] as const,
  );
  const guards = (program.optional('guards_code')?.list() ?? []).map((guard) => guard.text());
  return { graph, inputs, outputs, ranges: new Map(ranges), guards };
}

function readRange(range: JsonPlace): Range {
  const bound = (name: string, otherwise: number) => range.optional(name)?.float() ?? otherwise;
  return { min: bound('min_val', 0), max: bound('max_val', Number.POSITIVE_INFINITY) };
}
