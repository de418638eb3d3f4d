/** Of commands that print data. */
export interface OutputFlags {
  readonly json: boolean;
}

interface JsonWithRaw {
  rawJSON(text: string): unknown;
}

const JSON_INDENT = 2;

/** Prints data for programs (--json) or as lines for people. @param hasTensors JSON is one line then: with a line an element nobody reads it */
export function print(
  { json }: OutputFlags,
  data: unknown,
  lines: () => readonly string[],
  hasTensors = false,
): void {
  const text = json ? toJson(data, hasTensors ? 0 : JSON_INDENT) : lines().join('\n');
  process.stdout.write(text === '' ? '' : `${text}\n`);
}

/** Integers of any size stay as they are; what JSON has no number for is its name as a string. */
export function toJson(data: unknown, indent = 0): string {
  return JSON.stringify(
    data,
    (_, value: unknown) => {
      if (typeof value === 'bigint') return (JSON as unknown as JsonWithRaw).rawJSON(String(value));
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
      return value;
    },
    indent,
  );
}

/** Tells how things go, where it is not part of the result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Where lines end; undefined where that is no terminal. */
export function lineWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
}
