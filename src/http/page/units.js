// Numbers as people read them.

const three = (value) => {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
};

/** @param {number | null | undefined} value */
export function count(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 1e9) return `${three(value / 1e9)} G`;
  if (value >= 1e6) return `${three(value / 1e6)} M`;
  if (value >= 1e4) return `${three(value / 1e3)} k`;
  return three(value);
}

/** @param {number | null | undefined} us microseconds */
export function duration(us) {
  if (us === null || us === undefined) return '–';
  if (us >= 1e6) return `${three(us / 1e6)} s`;
  return us >= 1000 ? `${three(us / 1000)} ms` : `${three(us)} µs`;
}

/** @param {number | null | undefined} value */
export function bytes(value) {
  if (value === null || value === undefined) return '–';
  for (const [size, unit] of [
    [2 ** 40, 'TiB'],
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ]) {
    if (value >= size) return `${three(value / size)} ${unit}`;
  }
  return `${three(value)} B`;
}

/** @param {number | null} share 0 to 1 */
export function percent(share) {
  return share === null ? '–' : `${three(share * 100)} %`;
}

/** A difference between two numbers; null stands for an infinite one. */
export function difference(value) {
  if (value === null) return '∞';
  return value === 0 ? '0' : value.toPrecision(3);
}

/** How long something has lasted. @param {number} ms */
export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** @param {number} at Unix time in ms */
export function clock(at) {
  return new Date(at).toLocaleTimeString('en-GB');
}
