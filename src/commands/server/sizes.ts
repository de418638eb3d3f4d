const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
};

/**
 * A size as redis.conf writes it: `100mb` is 100 * 1024 * 1024, `100m` 100,000,000, a bare number bytes.
 * @throws Error when it is none.
 */
export function parseBytes(text: string): number {
  const found = /^(\d+)([a-z]*)$/i.exec(text.trim());
  const unit = UNITS[found?.[2]?.toLowerCase() ?? '?'];
  const value = Number(found?.[1]) * (unit ?? Number.NaN);
  if (!Number.isSafeInteger(value)) throw new Error('argument must be a memory value');
  return value;
}
