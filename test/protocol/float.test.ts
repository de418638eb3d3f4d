import { expect, test } from 'vitest';
import { formatDouble } from '../../src/protocol/float.ts';

test.each([
  [0.1, '0.10000000000000001'],
  [1e300, '1.0000000000000001e+300'],
  [-1e-300, '-1e-300'],
  [123456789.12345679, '123456789.12345679'],
  [0.0001, '0.0001'],
  [0.00001, '1.0000000000000001e-05'],
  [1e16, '10000000000000000'],
  [1e17, '1e+17'],
  // Half-way between two texts of 17 digits: to the even one.
  [131073 / 262144, '0.50000381469726562'],
  [262143 / 262144, '0.99999618530273438'],
  [0, '0'],
  [-0, '-0'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NaN, 'nan'],
])('%d is printed as C prints it with 17 digits', (value, text) => {
  expect(formatDouble(value)).toBe(text);
});
