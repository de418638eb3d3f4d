import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDouble } from '../../src/protocol/float.ts';
import { printf17g } from '../support/printf.ts';

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
  [5e-324, '4.9406564584124654e-324'],
  [Number.MAX_VALUE, '1.7976931348623157e+308'],
  [2 ** -25, '2.9802322387695312e-08'],
  [9.946632385253906, '9.9466323852539062'],
  [1e23, '9.9999999999999992e+22'],
])('%d is printed as C prints it with 17 digits', (value, text) => {
  expect(formatDouble(value)).toBe(text);
});

test('any double is printed so', () => {
  const half = fc.tuple(fc.integer({ min: -5e6, max: 5e6 }), fc.integer({ min: 0, max: 70 }));
  const doubles = fc.oneof(
    fc.double(),
    fc.float(),
    // Few bits behind the point: many of these lie halfway between two numbers of 17 digits.
    half.map(([numerator, shift]) => numerator * 2 ** -shift),
  );
  fc.assert(
    fc.property(doubles, (value) => {
      expect(formatDouble(value)).toBe(printf17g(value));
    }),
    { numRuns: 20_000, seed: 1 },
  );
});
