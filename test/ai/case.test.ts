import { beforeEach, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

/** Every AI command with every keyword that it has. Words in capitals are keywords, but for <mul> and <source>. */
const COMMANDS = `
  AI.TENSORSET a FLOAT 1 2 VALUES 2 3
  AI.TENSORSET d DOUBLE 1 BLOB 12345678
  AI.TENSORSET w STRING 1 VALUES word
  ${['INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'BOOL'].map((dtype) => `AI.TENSORSET i ${dtype} 1`).join('\n')}
  AI.TENSORGET a META VALUES
  AI.TENSORGET a META BLOB
  AI.MODELSTORE m ONNX CPU TAG v1 BATCHSIZE 4 MINBATCHSIZE 1 MINBATCHTIMEOUT 9 BLOB <mul>
  AI.MODELSTORE x TF CPU INPUTS 1 a OUTPUTS 1 b BLOB <mul>
  AI.MODELSET n ONNX CPU:1 TAG v1 BATCHSIZE 4 MINBATCHSIZE 1 MINBATCHTIMEOUT 9 BLOB <mul>
  AI.MODELSET x TF CPU INPUTS a OUTPUTS b BLOB <mul>
  AI.MODELGET m META
  AI.MODELSIGNATURE m
  AI.MODELGET m BLOB
  AI._MODELSCAN
  AI.MODELEXECUTE m INPUTS 2 a a OUTPUTS 1 b TIMEOUT 5000
  AI.MODELRUN m TIMEOUT 5000 INPUTS a a OUTPUTS c
  AI.INFO m RESETSTAT
  AI.INFO m
  AI.SCRIPTSTORE s CPU TAG v1 ENTRY_POINTS 1 f SOURCE <source>
  AI.SCRIPTSET t CPU TAG v1 SOURCE <source>
  AI.SCRIPTGET s META
  AI.SCRIPTGET s SOURCE
  AI._SCRIPTSCAN
  AI.SCRIPTEXECUTE s f KEYS 1 k INPUTS 1 a ARGS 1 p OUTPUTS 1 b TIMEOUT 5000
  AI.SCRIPTRUN t f TIMEOUT 5000 INPUTS a OUTPUTS b
  AI.DAGEXECUTE LOAD 1 a PERSIST 1 e ROUTING r TIMEOUT 5000 |> AI.MODELEXECUTE m INPUTS 2 a a OUTPUTS 1 e |> AI.TENSORGET e VALUES
  AI.DAGEXECUTE LOAD 1 a |> AI.TENSORSET f FLOAT 1 VALUES 1 |> AI.SCRIPTEXECUTE s f KEYS 1 k INPUTS 1 a
  AI.DAGEXECUTE_RO LOAD 1 a ROUTING r TIMEOUT 5000 |> AI.TENSORGET a META
  AI.DAGRUN LOAD 1 a PERSIST 1 e TIMEOUT 5000 |> AI.MODELRUN m INPUTS a a OUTPUTS e
  AI.DAGRUN LOAD 1 a |> AI.SCRIPTRUN t f INPUTS a OUTPUTS b
  AI.DAGRUN_RO LOAD 1 a TIMEOUT 5000 |> AI.TENSORGET a VALUES
  AI.CONFIG BACKENDSPATH path
  AI.CONFIG MODEL_CHUNK_SIZE 1000
  AI.CONFIG GET BACKENDSPATH
  AI.CONFIG GET MODEL_CHUNK_SIZE
  AI.CONFIG LOADBACKEND TORCH path
  AI.EXPERIMENT SET ab PRIMARY m CANDIDATES 1 n MODE SHADOW SAMPLE 50 TOLERANCE 1
  AI.EXPERIMENT SET ab PRIMARY m CANDIDATES 1 n MODE SPLIT WEIGHTS 3 1
  AI.EXPERIMENT GET ab
  AI.EXPERIMENT RESET ab
  AI.EXPERIMENT PROMOTE ab n
  AI.EXPERIMENT DEL ab
  AI.EXPERIMENT HELP
  AI.MODELDEL m
  AI.SCRIPTDEL s`;

const BYTES: Record<string, string | Uint8Array> = {
  '<mul>': model('mul'),
  '<source>': 'def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n',
};

/** The replies to all of them, where each keyword is written as told. */
async function replies(write: (keyword: string) => string): Promise<[line: string, reply: Typed][]> {
  await client.send('FLUSHALL');
  const found: [string, Typed][] = [];
  for (const line of COMMANDS.trim().split('\n')) {
    const words = line.trim().split(' ');
    const written = words.map((word) => BYTES[word] ?? (/^[A-Z]/.test(word) ? write(word) : word));
    found.push([line.trim(), await client.send(...written)]);
  }
  return found;
}

const alternating = (word: string) =>
  [...word].map((letter, i) => (i % 2 === 0 ? letter.toLowerCase() : letter)).join('');

test('commands, keywords, dtypes, backends and devices are read in any case', async () => {
  const capitals = await replies((word) => word);
  const names = new Set(
    capitals.flatMap(([line]) => {
      const [command = '', subcommand] = line.toLowerCase().split(' ');
      return command === 'ai.experiment' ? [command, `${command}|${subcommand}`] : [command];
    }),
  );
  const all = (await client.send('COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'ai')) as string[];
  expect([...names].sort()).toEqual(all.map((name) => name.slice(1)).sort());
  // Nothing but what needs another backend is refused.
  const refused = capitals.flatMap(([, reply]) => reply).filter((reply) => /^-/.test(String(reply)));
  const tf = '-Invalid GraphDef';
  expect(refused).toEqual([tf, tf, '-ERR error loading backend']);
  // A device is shown as it was written, and an experiment when it began.
  const shown = (found: unknown) =>
    JSON.parse(
      JSON.stringify(found)
        .replace(/"\$cpu(:1)?"/gi, '"$CPU$1"')
        .replace(/("\$since",":)\d+/g, '$1'),
    );
  for (const write of [(word: string) => word.toLowerCase(), alternating]) {
    expect(shown(await replies(write))).toEqual(shown(capitals));
  }
  await client.send('AI.CONFIG', 'MODEL_CHUNK_SIZE', 511 * 1024 * 1024);
});
