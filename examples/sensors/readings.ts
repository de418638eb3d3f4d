import { seededRandom } from '../../scripts/onnx-builder.ts';

export interface Reading {
  readonly at: string;
  /** Temperature in degrees Celsius, vibration in mm/s, current in A. */
  readonly values: readonly number[];
}

/** What a pump in good order measures: the more current, the warmer and the less quiet. */
export function normalReading(random: () => number): number[] {
  const noise = () => random() + random() + random() + random() - 2;
  const load = noise();
  return [60 + 4 * load + noise(), 2 + 0.4 * load + 0.1 * noise(), 12 + 2 * load + 0.3 * noise()];
}

/** One reading a minute, made up; two of them are of a pump that is not in good order. */
export function readings(count: number): Reading[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, i) => {
    const at = `12:${String(i).padStart(2, '0')}`;
    const values = normalReading(random);
    // Within the usual range each, but not together: warm without load.
    if (i === 17) return { at, values: [67, 1.6, 9.5] };
    if (i === 31) return { at, values: [61, 4.9, 12] };
    return { at, values };
  });
}
