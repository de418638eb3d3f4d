import { Connection, itemsOf, type Key, type RedisClient, type RedisCluster } from './connection.ts';
import { Dag } from './dag.ts';
import { Model, type Names, type Signature } from './model.ts';
import { expectOk } from './requests.ts';
import { Script } from './script.ts';
import { blobOf, type Dtype, type Tensor } from './tensor.ts';
import { tensorFrom } from './tensor-reply.ts';

/**
 * The AI commands over a connection of node-redis: one client, a pool or a cluster, in RESP2 or RESP3. Keys are taken as they are,
 * without node-redis's `keyPrefix`.
 * @typeParam R the connection, which stays yours: it is open already, and is closed by whoever opened it.
 */
export class Tessera<R extends RedisClient | RedisCluster = RedisClient | RedisCluster> {
  /** For all other commands. */
  readonly redis: R;
  readonly #connection: Connection;

  constructor(redis: R) {
    this.redis = redis;
    this.#connection = new Connection(redis);
  }

  /** Puts a tensor under a key. It is not copied: it must not change until this has settled. */
  async setTensor(key: Key, tensor: Tensor): Promise<void> {
    const args = ['AI.TENSORSET', key, tensor.dtype, ...tensor.shape.map(String), 'BLOB', blobOf(tensor)];
    await expectOk(this.#connection, { key, isReadonly: false, args });
  }

  /**
   * The tensor under a key.
   * @throws TypeError when it is not of the dtype that was asked for; AiError with the code NO_TENSOR when there is none.
   */
  async getTensor<D extends Dtype = Dtype>(key: Key, dtype?: D): Promise<Tensor<D>> {
    const args = ['AI.TENSORGET', key, 'META', 'BLOB'];
    const reply = await this.#connection.send({ key, isReadonly: true, args });
    return tensorFrom(itemsOf(reply), dtype, String(key)) as Tensor<D>;
  }

  /**
   * The model under a key, which need not be there yet.
   * @param signature its inputs and outputs by name and dtype: `run` then has these types, and holds what it gives against them.
   */
  model<const I extends Names = Names, const O extends Names = Names>(
    key: Key,
    signature?: Signature<I, O>,
  ): Model<I, O> {
    return new Model(this.#connection, key, signature);
  }

  /** The script under a key, which need not be there yet. */
  script(key: Key): Script {
    return new Script(this.#connection, key);
  }

  /** Several operations as one command. */
  dag(): Dag {
    return new Dag(this.#connection);
  }
}
