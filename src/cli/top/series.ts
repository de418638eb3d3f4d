import type { Info } from '../connection/info.ts';
import type { Cumulative } from './latencies.ts';

/** What a node has counted of the runs of a model or script on a device since it was first run. */
export interface Series {
  /** Cut where it is long. */
  readonly key: string;
  readonly device: string;
  /** Runs that wait or are under way. */
  readonly pending: number;
  readonly batches: number;
  /** Of all batches together. */
  readonly rows: number;
  readonly latencies: Cumulative;
}

/** The series in INFO's section ai_models. */
export function seriesOf(info: Info): Series[] {
  return [...info].flatMap(([name, text]) => {
    if (!/^ai_model_\d+$/.test(name)) return [];
    const fields = new Map(text.split(',').map((field) => field.split('=') as [string, string]));
    const number = (field: string) => Number(fields.get(field) ?? 0);
    const pairs = (fields.get('usec_at_most') ?? '').split('|').filter(Boolean);
    return [
      {
        key: decodeURIComponent(fields.get('key') ?? ''),
        device: fields.get('device') ?? '',
        ...{ pending: number('pending'), batches: number('batches'), rows: number('rows') },
        latencies: new Map(pairs.map((pair) => pair.split('_').map(Number) as [number, number])),
      },
    ];
  });
}

/** Rows of a batch between two readings, on average; null where none ran. */
export function batchRowsBetween(before: readonly Series[], after: readonly Series[]): number | null {
  const sum = (readings: readonly Series[], of: 'batches' | 'rows') =>
    readings.reduce((total, each) => total + each[of], 0);
  const batches = sum(after, 'batches') - sum(before, 'batches');
  return batches <= 0 ? null : (sum(after, 'rows') - sum(before, 'rows')) / batches;
}
