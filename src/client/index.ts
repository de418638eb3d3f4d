export { type ConnectOptions, connect, type OwnTessera } from './connect.ts';
export type { Key, RedisClient, RedisCluster } from './connection.ts';
export type { Dag } from './dag.ts';
export { AiError, type ErrorCode } from './errors.ts';
export type {
  Inputs,
  Model,
  ModelDescription,
  Outputs,
  RunOptions,
  Signature,
  StoreOptions,
} from './model.ts';
export { type Backend, backendOfFile } from './model-file.ts';
export type { RunInfo } from './requests.ts';
export type { CallOptions, Script, ScriptDescription, ScriptOptions } from './script.ts';
export {
  type Dtype,
  type DtypeOf,
  type Element,
  type Nested,
  type Tensor,
  type TensorData,
  tensor,
} from './tensor.ts';
export { Tessera } from './tessera.ts';
