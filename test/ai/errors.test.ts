import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startNode } from '../support/node.ts';
import { type Typed, TypedClient } from '../support/typed-client.ts';
import { BYTES, PREPARE } from './error-setup.ts';
import texts from './error-texts.json' with { type: 'json' };
import { startNodeOfSlot } from './slot-node.ts';

/** One command a line, and its whole reply behind `=>`; an array as JSON. `<name>` stands for the bytes below. */
const PROVOKED = {
  'AI.TENSORSET': `
    AI.TENSORSET => -ERR wrong number of arguments for 'ai.tensorset' command
    AI.TENSORSET t FLOAT => -ERR wrong number of arguments for 'ai.tensorset' command
    AI.TENSORSET t FLOTA 2 => -ERR invalid data type
    AI.TENSORSET t FLOAT 2 -1 => -ERR invalid or negative value found in tensor shape
    AI.TENSORSET t FLOAT x VALUES 1 => -ERR invalid or negative value found in tensor shape
    AI.TENSORSET t FLOAT 2 VALUES 1 => -ERR wrong number of values was given in 'AI.TENSORSET' command
    AI.TENSORSET t FLOAT 2 VALUES 1 x => -ERR invalid value
    AI.TENSORSET t INT8 1 VALUES 128 => -ERR invalid value
    AI.TENSORSET t FLOAT 2 BLOB 1234 => -ERR data length does not match tensor shape and type
    AI.TENSORSET t FLOAT 1 BLOB => -ERR a single binary string should come after the BLOB argument in 'AI.TENSORSET' command
    AI.TENSORSET t FLOAT 1 BLOB 1234 5678 => -ERR a single binary string should come after the BLOB argument in 'AI.TENSORSET' command
    AI.TENSORSET t STRING 2 BLOB a => -ERR Number of string elements in data blob does not match tensor length
    AI.TENSORSET t STRING 1 VALUES <nul> => -ERR C-string value contains null character
    AI.TENSORSET s FLOAT 1 => -WRONGTYPE Operation against a key holding the wrong kind of value`,
  'AI.TENSORGET': `
    AI.TENSORGET => -ERR wrong number of arguments for 'ai.tensorget' command
    AI.TENSORGET none => -ERR tensor key is empty or in a different shard
    AI.TENSORGET m => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.TENSORGET a BLOB VALUES => -ERR both BLOB and VALUES specified
    AI.TENSORGET a META TEXT => -ERR unsupported data format`,
  'AI.MODELSTORE': `
    AI.MODELSTORE x ONNX CPU BLOB => -ERR wrong number of arguments for 'ai.modelstore' command
    AI.MODELSTORE x PORCH CPU BLOB <mul> => -ERR unsupported backend
    AI.MODELSTORE x ONNX xPU BLOB <mul> => -ERR Invalid DEVICE
    AI.MODELSTORE x ONNX CPU:12345678 BLOB <mul> => -ERR Invalid DEVICE
    AI.MODELSTORE x ONNX GPU BLOB <mul> => -ERR GPU requested but ONNX couldn't find CUDA
    AI.MODELSTORE x TF CPU INPUTS 1 a OUTPUTS 1 b BLOB <mul> => -Invalid GraphDef
    AI.MODELSTORE x TF CPU INPUTS 2 a bad_input OUTPUTS 1 mul BLOB <tf> => -ERR Input node named "bad_input" not found in TF graph.
    AI.MODELSTORE x TF CPU INPUTS 2 a b OUTPUTS 1 mult BLOB <tf> => -ERR Output node named "mult" not found in TF graph
    AI.MODELSTORE x TF CPU INPUTS 1 a OUTPUTS 1 mul BLOB <tf> => -You must feed a value for placeholder tensor 'b' with dtype float
    AI.MODELSTORE x TF GPU INPUTS 2 a b OUTPUTS 1 mul BLOB <tf> => -ERR GPU requested but TF couldn't find CUDA
    AI.MODELSTORE x TFLITE CPU BLOB <mul> => -Failed to load model from buffer
    AI.MODELSTORE x TORCH CPU BLOB <mul> => -ERR TORCH archive cannot be read: End of central directory record signature not found. Either not a zip file, or file is truncated.
    AI.MODELSTORE x ONNX CPU BATCHSIZE x BLOB <mul> => -ERR Invalid argument for BATCHSIZE
    AI.MODELSTORE x ONNX CPU BATCHSIZE 2 MINBATCHSIZE x BLOB <mul> => -ERR Invalid argument for MINBATCHSIZE
    AI.MODELSTORE x ONNX CPU MINBATCHSIZE 2 BLOB <mul> => -ERR MINBATCHSIZE specified without BATCHSIZE
    AI.MODELSTORE x ONNX CPU BATCHSIZE 2 MINBATCHTIMEOUT 9 BLOB <mul> => -ERR MINBATCHTIMEOUT specified without MINBATCHSIZE
    AI.MODELSTORE x ONNX CPU BATCHSIZE 2 MINBATCHSIZE 2 MINBATCHTIMEOUT x BLOB <mul> => -ERR Invalid argument for MINBATCHTIMEOUT
    AI.MODELSTORE x ONNX CPU INPUTS 2 a b OUTPUTS 1 c BLOB <mul> => -ERR INPUTS argument should not be specified for this backend
    AI.MODELSTORE x TF CPU TAG v BLOB <mul> => -ERR INPUTS not specified for TF
    AI.MODELSTORE x TF CPU INPUTS x a BLOB <mul> => -ERR Invalid argument for input_count
    AI.MODELSTORE x TF CPU INPUTS 9 a BLOB <mul> => -ERR number of model inputs does not match the number of given arguments
    AI.MODELSTORE x TF CPU INPUTS 1 a BLOB <mul> => -ERR OUTPUTS not specified for TF
    AI.MODELSTORE x TF CPU INPUTS 1 a OUTPUTS x BLOB <mul> => -ERR Invalid argument for output_count
    AI.MODELSTORE x TF CPU INPUTS 1 a OUTPUTS 9 b BLOB <mul> => -ERR number of model outputs does not match the number of given arguments
    AI.MODELSTORE x ONNX CPU BATCHSIZE 2 => -ERR Insufficient arguments, missing model BLOB
    AI.MODELSTORE x ONNX CPU TAG v BLOB => -ERR Insufficient arguments, missing model BLOB
    AI.MODELSTORE x ONNX CPU TAG v BOLB <mul> => -ERR Invalid argument, expected BLOB
    AI.MODELSTORE x ONNX CPU BLOB garbage => -Failed to load model because protobuf parsing failed.
    AI.MODELSTORE x ONNX CPU BLOB <> => -No graph was found in the protobuf.
    AI.MODELSTORE x ONNX CPU BLOB <external> => -Initializer tensors with external data is not allowed.
    AI.MODELSTORE s ONNX CPU BLOB <mul> => -WRONGTYPE Operation against a key holding the wrong kind of value`,
  'AI.MODELSET': `
    AI.MODELSET x ONNX => -ERR wrong number of arguments for 'ai.modelset' command
    AI.MODELSET x PORCH CPU BLOB <mul> => -ERR unsupported backend
    AI.MODELSET x ONNX xPU BLOB <mul> => -ERR unsupported device
    AI.MODELSET x ONNX CPU BATCHSIZE x BLOB <mul> => -ERR Invalid argument for BATCHSIZE
    AI.MODELSET x TFLITE CPU BATCHSIZE 2 BLOB <mul> => -ERR Auto-batching not supported by the TFLITE backend
    AI.MODELSET x ONNX CPU MINBATCHSIZE 2 BLOB <mul> => -ERR MINBATCHSIZE specified without BATCHSIZE
    AI.MODELSET x ONNX CPU MINBATCHTIMEOUT 9 BLOB <mul> => -ERR MINBATCHTIMEOUT specified without BATCHSIZE
    AI.MODELSET x ONNX CPU BATCHSIZE 2 MINBATCHTIMEOUT 9 BLOB <mul> => -ERR MINBATCHTIMEOUT specified without MINBATCHSIZE
    AI.MODELSET x TF CPU => -ERR Insufficient arguments, INPUTS and OUTPUTS not specified
    AI.MODELSET x TF CPU BLOB <mul> => -ERR INPUTS not specified
    AI.MODELSET x TF CPU INPUTS a BLOB <mul> => -ERR OUTPUTS not specified
    AI.MODELSET x ONNX CPU => -ERR Insufficient arguments, missing model BLOB
    AI.MODELSET x ONNX CPU BLOB => -ERR Insufficient arguments, missing model BLOB
    AI.MODELSET x ONNX CPU BOLB <mul> => -ERR Invalid argument, expected BLOB
    AI.MODELSET x TORCH CPU BLOB <mul> => -ERR TORCH archive cannot be read: End of central directory record signature not found. Either not a zip file, or file is truncated.
    AI.MODELSET s ONNX CPU BLOB <mul> => -WRONGTYPE Operation against a key holding the wrong kind of value`,
  'AI.MODELGET, AI.MODELDEL': `
    AI.MODELGET => -ERR wrong number of arguments for 'ai.modelget' command
    AI.MODELGET none => -ERR model key is empty
    AI.MODELGET s => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.MODELDEL => -ERR wrong number of arguments for 'ai.modeldel' command
    AI.MODELDEL none => -ERR model key is empty
    AI.MODELDEL a => -WRONGTYPE Operation against a key holding the wrong kind of value`,
  'AI.MODELEXECUTE': `
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS => -ERR wrong number of arguments for 'AI.MODELEXECUTE' command
    AI.MODELEXECUTE none INPUTS 2 a b OUTPUTS 1 c => -ERR model key is empty
    AI.MODELEXECUTE s INPUTS 2 a b OUTPUTS 1 c => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.MODELEXECUTE m TIMEOUT 9 INPUTS 2 a b OUTPUTS 1 c => -ERR INPUTS not specified
    AI.MODELEXECUTE m INPUTS x a b OUTPUTS 1 c => -ERR Invalid argument for input_count
    AI.MODELEXECUTE m INPUTS 0 OUTPUTS 1 c TIMEOUT 9 => -ERR Input count must be a positive integer
    AI.MODELEXECUTE m INPUTS 9 a b OUTPUTS 1 c => -ERR number of input keys to AI.MODELEXECUTE command does not match the number of given arguments
    AI.MODELEXECUTE m INPUTS 2 a b 1 c OUTPUTS => -ERR OUTPUTS not specified
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS x c => -ERR Invalid argument for output_count
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 0 c => -ERR Output count must be a positive integer
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 2 c => -ERR number of output keys to AI.MODELEXECUTE command does not match the number of given arguments
    AI.MODELEXECUTE m INPUTS 1 a OUTPUTS 1 c => -Number of keys given as INPUTS here does not match model definition
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 2 c d => -Number of keys given as OUTPUTS here does not match model definition
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 1 c bad_arg => -Invalid argument: bad_arg
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 1 c TIMEOUT => -ERR No value provided for TIMEOUT
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 1 c TIMEOUT 0 => -ERR Invalid value for TIMEOUT
    AI.MODELEXECUTE m INPUTS 2 a none OUTPUTS 1 c => -ERR tensor key is empty or in a different shard
    AI.MODELEXECUTE m INPUTS 2 a s OUTPUTS 1 c => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 1 s => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.MODELEXECUTE m INPUTS 2 a i OUTPUTS 1 c => -Unexpected input data type. Actual: (tensor(int32)) , expected: (tensor(float))
    AI.MODELEXECUTE five INPUTS 1 three OUTPUTS 1 c => -Got invalid dimensions for input: 0 for the following indices  index: 0 Got: 3 Expected: 5  Please fix either the inputs/outputs or the model.
    AI.MODELEXECUTE loop INPUTS 1 one OUTPUTS 1 c => -Exiting due to terminate flag being set to true`,
  'AI.MODELRUN': `
    AI.MODELRUN m INPUTS a b => -ERR wrong number of arguments for 'AI.MODELRUN' command
    AI.MODELRUN none INPUTS a b OUTPUTS c => -ERR model key is empty
    AI.MODELRUN m a b OUTPUTS c d => -ERR INPUTS not specified
    AI.MODELRUN m INPUTS a b c d => -ERR OUTPUTS not specified
    AI.MODELRUN m TIMEOUT x INPUTS a b OUTPUTS c => -ERR Invalid value for TIMEOUT
    AI.MODELRUN m INPUTS a OUTPUTS c d => -Number of keys given as INPUTS here does not match model definition
    AI.MODELRUN m INPUTS a b OUTPUTS c d => -Number of keys given as OUTPUTS here does not match model definition
    AI.MODELRUN m INPUTS a none OUTPUTS c => -ERR tensor key is empty or in a different shard`,
  'AI.SCRIPTSTORE': `
    AI.SCRIPTSTORE x CPU SOURCE <script> => -ERR wrong number of arguments for 'ai.scriptstore' command
    AI.SCRIPTSTORE x CPU TAG v SOURCE <script> => -ERR Insufficient arguments, missing script entry points
    AI.SCRIPTSTORE x CPU ENTRY_POINTS x bar SOURCE <script> => -ERR Non numeric entry points number provided to AI.SCRIPTSTORE command
    AI.SCRIPTSTORE x CPU ENTRY_POINTS 9 bar SOURCE <script> => -ERR Insufficient arguments, missing script entry points
    AI.SCRIPTSTORE x CPU ENTRY_POINTS 1 bar SOURCE => -ERR Insufficient arguments, missing script SOURCE
    AI.SCRIPTSTORE x CPU ENTRY_POINTS 2 bar bar1 SOURCE <script> => -Function bar1 does not exist in the given script.
    AI.SCRIPTSTORE x CPU ENTRY_POINTS 1 bar SOURCE <plain> => -Wrong number of inputs in function bar. Expected 3 but was 2
    AI.SCRIPTSTORE x CPU ENTRY_POINTS 1 bar SOURCE <untyped> => -Wrong inputs type in function bar. Expected signature similar to: def bar(tensors: List[Tensor], keys: List[str], args: List[str])
    AI.SCRIPTSTORE x xPU ENTRY_POINTS 1 bar SOURCE <script> => -ERR unsupported device
    AI.SCRIPTSTORE s CPU ENTRY_POINTS 1 bar SOURCE <script> => -WRONGTYPE Operation against a key holding the wrong kind of value`,
  'AI.SCRIPTSET': `
    AI.SCRIPTSET x CPU SOURCE => -ERR wrong number of arguments for 'ai.scriptset' command
    AI.SCRIPTSET x CPU CODE <plain> => -ERR Insufficient arguments, missing script SOURCE
    AI.SCRIPTSET x xPU SOURCE <plain> => -ERR unsupported device
    AI.SCRIPTSET s CPU SOURCE <plain> => -WRONGTYPE Operation against a key holding the wrong kind of value`,
  'AI.SCRIPTGET, AI.SCRIPTDEL': `
    AI.SCRIPTGET => -ERR wrong number of arguments for 'ai.scriptget' command
    AI.SCRIPTGET none => -ERR script key is empty
    AI.SCRIPTGET s => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.SCRIPTDEL => -ERR wrong number of arguments for 'ai.scriptdel' command
    AI.SCRIPTDEL none => -ERR script key is empty
    AI.SCRIPTDEL m => -WRONGTYPE Operation against a key holding the wrong kind of value`,
  'AI.SCRIPTEXECUTE': `
    AI.SCRIPTEXECUTE sc => -ERR wrong number of arguments for 'AI.SCRIPTEXECUTE' command
    AI.SCRIPTEXECUTE none bar INPUTS 1 a => -ERR script key is empty
    AI.SCRIPTEXECUTE m bar INPUTS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.SCRIPTEXECUTE sc bar => -ERR KEYS or INPUTS scope must be provided first for AI.SCRIPTEXECUTE command
    AI.SCRIPTEXECUTE sc bar OUTPUTS 1 c => -ERR KEYS or INPUTS scope must be provided first for AI.SCRIPTEXECUTE command
    AI.SCRIPTEXECUTE sc bar KEYS 1 => -ERR Missing arguments after KEYS keyword
    AI.SCRIPTEXECUTE sc bar KEYS x k => -ERR Invalid or negative value found in number of KEYS
    AI.SCRIPTEXECUTE sc bar KEYS 2 k => -ERR Number of pre declared KEYS to be used in the command does not match the number of given arguments
    AI.SCRIPTEXECUTE sc bar INPUTS x a => -ERR Invalid argument for inputs count in AI.SCRIPTEXECUTE
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a ARGS x p => -ERR Invalid argument for keys count in AI.SCRIPTEXECUTE
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a OUTPUTS x c => -ERR Invalid argument for outputs count in AI.SCRIPTEXECUTE
    AI.SCRIPTEXECUTE sc bar INPUTS 9 a => -ERR number of inputs to AI.SCRIPTEXECUTE command does not match the number of given arguments
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a ARGS 9 p => -ERR number of args to AI.SCRIPTEXECUTE command does not match the number of given arguments
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a OUTPUTS 9 c => -ERR number of outputs to AI.SCRIPTEXECUTE command does not match the number of given arguments
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a KEYS 1 k INPUTS 1 b => -ERR Already Encountered INPUTS scope in AI.SCRIPTEXECUTE command
    AI.SCRIPTEXECUTE sc bar KEYS 1 k KEYS 1 l => -ERR Already Encountered KEYS scope in AI.SCRIPTEXECUTE command
    AI.SCRIPTEXECUTE sc bar KEYS 1 k ARGS 1 p ARGS 1 q => -ERR Already Encountered ARGS scope in AI.SCRIPTEXECUTE command
    AI.SCRIPTEXECUTE sc bar KEYS 1 k OUTPUTS 1 c OUTPUTS 1 d => -ERR Already Encountered OUTPUTS scope in AI.SCRIPTEXECUTE command
    AI.SCRIPTEXECUTE sc bar KEYS 1 k ARGS => -ERR Invalid arguments provided to AI.SCRIPTEXECUTE
    AI.SCRIPTEXECUTE sc bar KEYS 1 k 1 => -ERR Invalid AI.SCRIPTEXECUTE command. Unexpected argument: 1
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a TIMEOUT => -ERR No value provided for TIMEOUT in AI.SCRIPTEXECUTE
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a TIMEOUT x => -ERR Invalid value for TIMEOUT
    AI.SCRIPTEXECUTE sc bar1 INPUTS 1 a => -Function does not exist: bar1
    AI.SCRIPTEXECUTE sc bar INPUTS 1 none => -ERR tensor key is empty or in a different shard
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a OUTPUTS 2 c d => -Function returned unexpected number of outputs - bar
    AI.SCRIPTEXECUTE sc bar KEYS 1 k OUTPUTS 1 c => -IndexError: list index out of range (<string>:2 in bar)
    AI.SCRIPTEXECUTE old bar1 INPUTS 1 a => -Function does not exist: bar1
    AI.SCRIPTEXECUTE old bar INPUTS 1 a OUTPUTS 1 c => -Wrong number of inputs provided to function: bar`,
  'AI.SCRIPTRUN': `
    AI.SCRIPTRUN old bar INPUTS a => -ERR wrong number of arguments for 'AI.SCRIPTRUN' command
    AI.SCRIPTRUN none bar INPUTS a OUTPUTS c => -ERR script key is empty
    AI.SCRIPTRUN old bar a b OUTPUTS c => -ERR Unrecongnized parameter to SCRIPTRUN
    AI.SCRIPTRUN old bar TIMEOUT x INPUTS a OUTPUTS c => -ERR Invalid value for TIMEOUT
    AI.SCRIPTRUN old bar TIMEOUT 9 TIMEOUT => -ERR Already encountered an TIMEOUT section in SCRIPTRUN
    AI.SCRIPTRUN old bar INPUTS a INPUTS b => -ERR Already encountered an INPUTS section in SCRIPTRUN
    AI.SCRIPTRUN old bar INPUTS a OUTPUTS c OUTPUTS d => -ERR Already encountered an OUTPUTS keyword in SCRIPTRUN
    AI.SCRIPTRUN old bar INPUTS a $ b $ b OUTPUTS c => -ERR Already encountered a variable size list of tensors
    AI.SCRIPTRUN old bar INPUTS a OUTPUTS $ c => -ERR Encountered a variable size list of tensors outside of input section
    AI.SCRIPTRUN old bar1 INPUTS a OUTPUTS c => -Function does not exist: bar1
    AI.SCRIPTRUN old bar INPUTS a none OUTPUTS c => -ERR tensor key is empty or in a different shard
    AI.SCRIPTRUN old bar INPUTS a b b OUTPUTS c => -Wrong number of inputs provided to function: bar
    AI.SCRIPTRUN old bar INPUTS a b OUTPUTS c d => -Function returned unexpected number of outputs - bar`,
  'AI.DAGEXECUTE': `
    AI.DAGEXECUTE => -ERR missing arguments for 'AI.DAGEXECUTE' command
    AI.DAGEXECUTE LOAD 1 a |> => -ERR missing arguments for 'AI.DAGEXECUTE' command
    AI.DAGEXECUTE LOAD 1 a ROUTING r => -ERR DAG is empty
    AI.DAGEXECUTE TIMEOUT 9 |> AI.TENSORGET a => -ERR AI.DAGEXECUTE and AI.DAGEXECUTE_RO commands must contain at least one out of ROUTING, LOAD, PERSIST keywords
    AI.DAGEXECUTE LOAD 1 a BAD_ARG |> AI.TENSORGET a => -ERR Invalid DAG command. Unexpected argument:  BAD_ARG
    AI.DAGEXECUTE LOAD 1 a LOAD 1 b |> AI.TENSORGET a => -ERR Invalid DAG command. Unexpected argument:  LOAD
    AI.DAGEXECUTE ROUTING r TIMEOUT 9 LOAD => -ERR missing arguments after LOAD keyword in DAG command
    AI.DAGEXECUTE LOAD x a |> AI.TENSORGET a => -ERR invalid or negative value found in number of keys to LOAD
    AI.DAGEXECUTE LOAD 9 a |> AI.TENSORGET a => -ERR number of keys to LOAD into DAG does not match the number of given arguments
    AI.DAGEXECUTE LOAD 1 none |> AI.TENSORGET none => -ERR tensor key is empty or in a different shard
    AI.DAGEXECUTE LOAD 1 s |> AI.TENSORGET s => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.DAGEXECUTE ROUTING r TIMEOUT 9 PERSIST => -ERR missing arguments after PERSIST keyword in DAG command
    AI.DAGEXECUTE PERSIST -1 c |> AI.TENSORGET c => -ERR invalid or negative value found in number of keys to PERSIST
    AI.DAGEXECUTE PERSIST 9 c |> AI.TENSORGET c => -ERR number of keys to PERSIST after DAG execution does not match the number of given arguments
    AI.DAGEXECUTE PERSIST 2 c c |> AI.TENSORSET c FLOAT 1 => -ERR PERSIST keys must be unique
    AI.DAGEXECUTE PERSIST 1 d |> AI.TENSORSET c FLOAT 1 => -ERR PERSIST key cannot be found in DAG
    AI.DAGEXECUTE PERSIST 1 s |> AI.TENSORSET s FLOAT 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
    AI.DAGEXECUTE LOAD 1 a TIMEOUT 9 ROUTING => -ERR Missing ROUTING value
    AI.DAGEXECUTE LOAD 1 a ROUTING r TIMEOUT => -ERR No value provided for TIMEOUT
    AI.DAGEXECUTE LOAD 1 a TIMEOUT x |> AI.TENSORGET a => -ERR Invalid value for TIMEOUT
    AI.DAGEXECUTE LOAD 1 a |> GET a => -Unsupported command within DAG
    AI.DAGEXECUTE LOAD 1 a |> AI.TENSORSET c FLOAT => -ERR wrong number of arguments for 'AI.TENSORSET' command
    AI.DAGEXECUTE LOAD 1 a |> AI.TENSORGET b => -ERR INPUT key cannot be found in DAG
    AI.DAGEXECUTE LOAD 1 a |> AI.MODELRUN m INPUTS a a OUTPUTS c => -Deprecated AI.MODELRUN cannot be used in AI.DAGEXECUTE command
    AI.DAGEXECUTE LOAD 1 a |> AI.SCRIPTRUN sc bar INPUTS a OUTPUTS c => -Deprecated AI.SCRIPTRUN cannot be used in AI.DAGEXECUTE command
    AI.DAGEXECUTE LOAD 1 a |> AI.MODELEXECUTE m INPUTS 2 a a OUTPUTS 1 c TIMEOUT 9 => -ERR TIMEOUT not allowed within a DAG command
    AI.DAGEXECUTE LOAD 1 a |> AI.SCRIPTEXECUTE sc bar INPUTS 1 a TIMEOUT 9 => -ERR TIMEOUT not allowed within a DAG command
    AI.DAGEXECUTE LOAD 2 a i |> AI.MODELEXECUTE m INPUTS 2 a i OUTPUTS 1 c |> AI.TENSORGET c => ["-Unexpected input data type. Actual: (tensor(int32)) , expected: (tensor(float))", "+NA"]
    AI.DAGEXECUTE LOAD 2 a b |> AI.MODELEXECUTE rows INPUTS 1 a OUTPUTS 1 c |> AI.MODELEXECUTE rows INPUTS 1 b OUTPUTS 1 d => ["-ERR Model did not generate the expected batch size", "-ERR Model did not generate the expected batch size"]
    AI.DAGEXECUTE LOAD 1 a |> AI.SCRIPTEXECUTE sc bar INPUTS 1 a OUTPUTS 2 c d => ["-Function returned unexpected number of outputs - bar"]`,
  'AI.DAGEXECUTE_RO': `
    AI.DAGEXECUTE_RO LOAD 1 a => -ERR missing arguments for 'AI.DAGEXECUTE_RO' command
    AI.DAGEXECUTE_RO LOAD 1 a PERSIST 1 c |> AI.TENSORGET a => -ERR PERSIST cannot be specified in a read-only DAG
    AI.DAGEXECUTE_RO LOAD 1 a |> AI.SCRIPTEXECUTE sc bar INPUTS 1 a => -ERR AI.SCRIPTEXECUTE command cannot be specified in a read-only DAG`,
  'AI.DAGRUN': `
    AI.DAGRUN |> AI.TENSORGET => -ERR wrong number of arguments for 'AI.DAGRUN' command
    AI.DAGRUN LOAD 1 a => -ERR DAG is empty
    AI.DAGRUN TIMEOUT 9 LOAD => -ERR missing arguments after LOAD keyword in DAG command
    AI.DAGRUN ROUTING r |> AI.TENSORGET a => -ERR Invalid DAG command. Unexpected argument:  ROUTING
    AI.DAGRUN LOAD 1 a |> AI.MODELEXECUTE m INPUTS 2 a a OUTPUTS 1 c => -AI.MODELEXECUTE cannot be used in a deprecated AI.DAGRUN command
    AI.DAGRUN LOAD 1 a |> AI.SCRIPTEXECUTE sc bar INPUTS 1 a => -AI.SCRIPTEXECUTE cannot be used in a deprecated AI.DAGRUN command
    AI.DAGRUN LOAD 1 a |> AI.MODELRUN m TIMEOUT 9 INPUTS a a OUTPUTS c => -ERR TIMEOUT not allowed within a DAG command`,
  'AI.DAGRUN_RO': `
    AI.DAGRUN_RO |> AI.TENSORGET => -ERR wrong number of arguments for 'AI.DAGRUN_RO' command
    AI.DAGRUN_RO PERSIST 1 a |> AI.TENSORGET a => -ERR PERSIST cannot be specified in a read-only DAG
    AI.DAGRUN_RO LOAD 1 a |> AI.SCRIPTRUN old bar INPUTS a OUTPUTS c => -ERR AI.SCRIPTEXECUTE command cannot be specified in a read-only DAG`,
  'AI.INFO': `
    AI.INFO => -ERR wrong number of arguments for 'ai.info' command
    AI.INFO none => -ERR cannot find run info for key
    AI.INFO a => -ERR cannot find run info for key`,
  'AI.CONFIG': `
    AI.CONFIG => -ERR wrong number of arguments for 'ai.config' command
    AI.CONFIG GET => -ERR wrong number of arguments for 'ai.config' command
    AI.CONFIG NOPE => -ERR unsupported subcommand
    AI.CONFIG MODEL_CHUNK_SIZE => -ERR MODEL_CHUNK_SIZE: missing chunk size
    AI.CONFIG MODEL_CHUNK_SIZE x => -ERR MODEL_CHUNK_SIZE: invalid chunk size
    AI.CONFIG MODEL_CHUNK_SIZE 0 => -ERR MODEL_CHUNK_SIZE: invalid chunk size
    AI.CONFIG BACKENDSPATH => -ERR BACKENDSPATH: missing path argument
    AI.CONFIG LOADBACKEND TORCH => -ERR wrong number of arguments for 'ai.config' command
    AI.CONFIG LOADBACKEND PORCH path => -ERR unsupported backend
    AI.CONFIG LOADBACKEND TORCH path => -ERR error loading backend`,
};

/** Inside MULTI and EXEC. */
const IN_TRANSACTION = `
    AI.MODELEXECUTE m INPUTS 2 a b OUTPUTS 1 c => -ERR Cannot run RedisAI command within a transaction or a LUA script
    AI.MODELRUN m INPUTS a b OUTPUTS c => -ERR Cannot run RedisAI command within a transaction or a LUA script
    AI.SCRIPTEXECUTE sc bar INPUTS 1 a => -ERR Cannot run RedisAI command within a transaction or a LUA script
    AI.SCRIPTRUN old bar INPUTS a OUTPUTS c => -ERR Cannot run RedisAI command within a transaction or a LUA script
    AI.DAGEXECUTE LOAD 1 a |> AI.TENSORGET a => -ERR Cannot run RedisAI command within a transaction or a LUA script
    AI.DAGEXECUTE_RO LOAD 1 a |> AI.TENSORGET a => -ERR Cannot run RedisAI command within a transaction or a LUA script
    AI.DAGRUN |> AI.TENSORSET a FLOAT 1 => -ERR Cannot run RedisAI command within a transaction or a LUA script
    AI.DAGRUN_RO LOAD 1 a |> AI.TENSORGET a => -ERR Cannot run RedisAI command within a transaction or a LUA script`;

/** On a node of a cluster that has the slot of {1}, as {2} does not. */
const IN_CLUSTER = `
    AI.MODELEXECUTE m{1} INPUTS 1 a{2} OUTPUTS 1 c{1} => -CROSSSLOT Keys in request don't hash to the same slot
    AI.MODELRUN m{1} INPUTS a{1} OUTPUTS c{2} => -CROSSSLOT Keys in request don't hash to the same slot
    AI.SCRIPTEXECUTE s{1} f KEYS 1 k{2} => -CROSSSLOT Keys in request don't hash to the same slot
    AI.DAGEXECUTE LOAD 1 a{1} PERSIST 1 b{2} |> AI.TENSORGET a{1} => -CROSSSLOT Keys in request don't hash to the same slot
    AI.DAGEXECUTE ROUTING {2} |> AI.TENSORSET x FLOAT 1 => -MOVED 5649 127.0.0.1:1
    AI.TENSORGET a{2} => -MOVED 5649 127.0.0.1:1
    AI.TENSORGET a{1} => -ERR tensor key is empty or in a different shard`;

const TORCH = 'comes from the TORCH backend';
const ENTERPRISE = 'Redis Enterprise only: one node has several ranges of slots there';
const INTERNAL = 'inside RedisAI only: what a client sends is refused with another text before it';

const NOT_PROVOKED: Record<string, string> = {
  'ERR Error serializing TF model': 'the bytes are kept as they came',
  'ERR Tensorflow batching error: model did not generate the expected': 'all backends have one text for it',
  "Input tensor type doesn't match the type expected by the model definition":
    'TF graphs run in ONNX Runtime, which has its own text',
  'ERR Error configuring script: unsupported device': TORCH,
  'ERR Expected %li inputs but got %li': TORCH,
  'ERR Expected %li outputs but got %li': TORCH,
  'ERR Backend not loaded: ONNX': 'the ONNX backend is part of the server',
  'ERR Backend not loaded: TF': 'the TF backend is part of the server',
  'ERR Backend not loaded: TFLITE': 'the TFLITE backend is part of the server',
  'ERR Backend not loaded: TORCH': 'the TORCH backend is part of the server',
  'ERR BOOL tensor elements must be 0 or 1':
    'recorded: VALUES answer `ERR invalid value`, a BLOB is taken as it is',
  'Onnxruntime memory limit exceeded': 'there is no BACKEND_MEMORY_LIMIT',
  "ERR Found keys to persist in DAG command that don't hash to the local shard": ENTERPRISE,
  "ERR Some of the KEYS specified in the command hash to slots which aren't": ENTERPRISE,
  'ERR ROUTING value specified in the command hash to slot which does not': ENTERPRISE,
  'ERR AI.MODELRUN command is deprecated and cannot be used in': ENTERPRISE,
  'ERR AI.DAGRUN command is deprecated and cannot be used in': ENTERPRISE,
  'ERR AI.DAGRUN_RO command is deprecated and cannot be used in': ENTERPRISE,
  "ERR CROSSSLOT Keys in request don't hash to the same slot": ENTERPRISE,
  "ERR CROSSSLOT Tensor key in request don't hash to the same slot": ENTERPRISE,
  'ERR number of keys to AI.SCRIPTEXECUTE command does not match':
    'KEYS are read before, with a text of their own',
  'ERR Already encountered an INPUTS keyword in SCRIPTRUN': 'a second INPUTS answers `INPUTS section`',
  'ERR Could not initialize queue on requested device': INTERNAL,
  'ERR Could not load backend': INTERNAL,
  'ERR Encountered problem parsing AI.SCRIPTEXECUTE': INTERNAL,
  'ERR Error configuring model: unsupported device': INTERNAL,
  'ERR Generic error': INTERNAL,
  'ERR Model did not generate the expected number of outputs': INTERNAL,
  'ERR No batches to run': INTERNAL,
  'ERR Nothing to run': INTERNAL,
  'ERR ONNXRuntime session was not allocated': INTERNAL,
  'ERR Unsupported backend': INTERNAL,
  'ERR Unsupported device': INTERNAL,
  'ERR cannot get values for this data type': INTERNAL,
  'ERR cannot specify values for this data type': INTERNAL,
  'ERR could not save tensor': INTERNAL,
  'ERR error processing argument': INTERNAL,
  'ERR function name not specified': INTERNAL,
  'ERR unsupported dtype': INTERNAL,
};

const words = (command: string) => command.split(' ').map((word) => BYTES[word] ?? word);

function rows(table: string): [command: string, reply: Typed][] {
  const lines = table.trim().split('\n');
  return lines.map((line) => {
    const [command = '', reply = ''] = line.trim().split(' => ');
    return [command, reply.startsWith('[') ? (JSON.parse(reply) as Typed) : reply];
  });
}

let node: TesseraNode;
let client: TypedClient;
beforeAll(async () => {
  node = await startNode({ executionTimeoutMs: 100 });
  client = await TypedClient.connect(node.port);
  for (const command of PREPARE)
    expect([command[1], await client.send(...command)]).toEqual([command[1], '+OK']);
});
afterAll(async () => {
  client.close();
  await node.close();
});

/** The keys and what they hold: an error changes nothing. */
async function contents(): Promise<unknown> {
  const keys = (await client.send('KEYS', '*')) as string[];
  const values = keys.sort().map((key) => client.send('DUMP', key.slice(1)));
  return [keys, await Promise.all(values)];
}

describe.each(Object.entries(PROVOKED))('%s', (_, table) => {
  test.each(rows(table))('%s', async (command, reply) => {
    const before = await contents();
    expect(await client.send(...words(command))).toEqual(reply);
    expect(await contents()).toEqual(before);
  });
});

describe('in a transaction', () => {
  test.each(rows(IN_TRANSACTION))('%s', async (command, reply) => {
    expect(await client.send('MULTI')).toBe('+OK');
    expect(await client.send(...words(command))).toBe('+QUEUED');
    expect(await client.send('EXEC')).toEqual([reply]);
  });
});

describe('on a node of a cluster', () => {
  let member: TesseraNode;
  beforeAll(async () => {
    member = await startNodeOfSlot('{1}');
  });
  afterAll(() => member.close());

  test.each(rows(IN_CLUSTER))('%s', async (command, reply) => {
    const other = await TypedClient.connect(member.port);
    expect(await other.send(...words(command))).toEqual(reply);
    other.close();
  });
});

describe('each text of RedisAI', () => {
  const tables = [...Object.values(PROVOKED), IN_TRANSACTION, IN_CLUSTER];
  const replies = tables.flatMap(rows).flatMap(([, reply]) => reply as string | string[]);
  const isProvoked = (text: string) =>
    replies.some((reply) =>
      // RedisAI's own tests do not tell the names in these from each other by their case.
      text.startsWith('wrong number of arguments')
        ? reply.toLowerCase().includes(text.toLowerCase())
        : reply.includes(text),
    );

  test.each(texts)('%s is provoked here, or there is a reason why it cannot be', (text) => {
    expect({ provoked: isProvoked(text), why: NOT_PROVOKED[text] }).toEqual(
      text in NOT_PROVOKED
        ? { provoked: false, why: expect.any(String) }
        : { provoked: true, why: undefined },
    );
  });

  test('that cannot be provoked is one of RedisAI', () => {
    expect(Object.keys(NOT_PROVOKED).filter((text) => !texts.includes(text))).toEqual([]);
  });
});
