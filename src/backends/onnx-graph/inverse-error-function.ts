/**
 * Giles, Approximating the erfinv function (2011), for float: with w = -log(1 - x x), a polynomial of w - 2.5 where w is less than 5, and one of
 * sqrt(w) - 3 towards 1; times x. Highest power first.
 */
export const INVERSE_ERF_MIDDLE = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
];
export const INVERSE_ERF_END = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
];
