/** A sample of Prometheus's text format. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ExposedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ExposedSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const VALUE = /^(?:[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|Inf)|Nan|NaN)$/;

/**
 * Reads Prometheus's text format (version 0.0.4) by its rules: a family has its HELP and TYPE once and before its samples, all of them together;
 * no sample is there twice; counters are not negative; a histogram's buckets rise up to its count.
 * @throws Error with the line that is not right.
 */
export function parseExposition(text: string): Map<string, ExposedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, ExposedFamily>();
  const seen = new Set<string>();
  const helps = new Map<string, string>();
  let current: [string, ExposedFamily] | undefined;
  for (const line of text.split('\n')) {
    const fail = (reason: string) => new Error(`${reason}: ${line}`);
    if (line === '') continue;
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (!NAME.test(name) || helps.has(name) || rest === '') throw fail('bad HELP');
      helps.set(name, rest);
      continue;
    }
    if (keyword === 'TYPE') {
      if (families.has(name) || !helps.has(name)) throw fail('TYPE twice or without HELP');
      if (!/^(counter|gauge|histogram|summary)$/.test(rest)) throw fail('no such type');
      current = [name, { type: rest, help: helps.get(name) as string, samples: [] }];
      families.set(...current);
      continue;
    }
    if (line.startsWith('#')) continue;
    const match = SAMPLE.exec(line);
    if (match === null || !VALUE.test(match[3] as string)) throw fail('no sample');
    const [, sample = '', labelText = '', value = ''] = match;
    if (current === undefined || !belongs(sample, ...current)) throw fail('not of the family before it');
    const labels = parseLabels(labelText, fail);
    const id = `${sample} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(id)) throw fail('there twice');
    seen.add(id);
    const number = Number(value.replace('Inf', 'Infinity').replace('Nan', 'NaN'));
    if (current[1].type === 'counter' && !(number >= 0)) throw fail('a counter below 0');
    current[1].samples.push({ name: sample, labels, value: number });
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function belongs(sample: string, family: string, { type }: ExposedFamily): boolean {
  if (type === 'histogram') return ['_bucket', '_sum', '_count'].some((suffix) => sample === family + suffix);
  if (type === 'summary') return ['', '_sum', '_count'].some((suffix) => sample === family + suffix);
  return sample === family;
}

function parseLabels(text: string, fail: (reason: string) => Error): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw fail('bad labels');
    const [, name = '', value = ''] = match;
    if (name in labels) throw fail('a label twice');
    labels[name] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

function checkHistogram(name: string, { samples }: ExposedFamily): void {
  const series = new Map<string, ExposedSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const id = JSON.stringify(Object.entries(labels).sort());
    series.set(id, [...(series.get(id) ?? []), sample]);
  }
  for (const [id, of] of series) {
    const buckets = of.filter((s) => s.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace('Inf', 'Infinity')));
    const counts = buckets.map(({ value }) => value);
    const rises = (list: readonly number[]) => list.every((n, i) => i === 0 || n >= (list[i - 1] as number));
    const count = of.find((s) => s.name === `${name}_count`)?.value;
    if (!rises(bounds) || !rises(counts) || bounds.at(-1) !== Number.POSITIVE_INFINITY)
      throw new Error(`buckets of ${name}${id} do not rise to +Inf`);
    if (counts.at(-1) !== count || !of.some((s) => s.name === `${name}_sum`))
      throw new Error(`${name}${id} has no sum, or another count than buckets`);
  }
}
