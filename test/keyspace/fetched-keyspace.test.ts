import { describe, expect, test } from 'vitest';
import { FetchedKeyspace } from '../../src/keyspace/redis/fetched-keyspace.ts';
import { zeroTensor } from '../../src/tensors/tensor.ts';
import { text, valuesContract } from './keyspace-contract.ts';

valuesContract(
  'of a command whose keys a Redis has',
  (keys) => new FetchedKeyspace(new Map(keys.map((key) => [key, null]))),
);

describe('the keys of a command', () => {
  const tensor = { type: 'tensor', tensor: zeroTensor('FLOAT', [1]) } as const;

  test('remember what is to be written, the last of each key alone', () => {
    const keyspace = new FetchedKeyspace(new Map([...'abc'].map((key) => [key, tensor])));
    keyspace.set('a', tensor);
    keyspace.delete('a');
    keyspace.delete('b');
    keyspace.set('b', tensor);
    expect([...keyspace.writes]).toEqual([
      ['a', null],
      ['b', tensor],
    ]);
  });

  test('are the only ones, and hold values of this server alone', () => {
    const keyspace = new FetchedKeyspace(new Map([['a', 'other']]));
    expect(keyspace.typeOf('a')).toBe('string');
    expect(() => keyspace.get('b')).toThrow('does not name');
    expect(() => keyspace.set('a', text('x'))).toThrow('only Redis knows');
  });
});
