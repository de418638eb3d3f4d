/** Digits looked at behind the last one that is wanted: more than a double that is not half-way can have zeros there. */
const TIE_DIGITS = 25;
const TIE = '5'.padEnd(TIE_DIGITS, '0');

/** `toExponential`, with halves rounded to even as C does. */
export function exponentialText(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(Math.min(100, digits + TIE_DIGITS)).split('e') as [
    string,
    string,
  ];
  return mantissa.endsWith(TIE) && isEvenBefore(mantissa)
    ? `${beforeTie(mantissa)}e${exponent}`
    : value.toExponential(digits);
}

/** `toFixed`, with halves rounded to even as C does. */
export function fixedText(value: number, digits: number): string {
  const text = value.toFixed(Math.min(100, digits + TIE_DIGITS));
  return text.endsWith(TIE) && isEvenBefore(text) ? beforeTie(text) : value.toFixed(digits);
}

function beforeTie(text: string): string {
  return text.slice(0, -TIE_DIGITS).replace(/\.$/, '');
}

function isEvenBefore(text: string): boolean {
  return Number(beforeTie(text).at(-1)) % 2 === 0;
}
