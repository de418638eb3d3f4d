import { FormatError } from './format-error.ts';
import { MODULE_MARKS } from './module-format.ts';
import type { RdbFileReader } from './rdb-file-reader.ts';

/** What a type byte of RDB versions up to 11 stands for (rdb.h of Redis 7.2), but for that of modules. */
const SHAPES: Readonly<Record<number, Shape>> = {
  0: { name: 'string', skip: (from) => from.skipString() },
  1: { name: 'list', skip: strings(1) },
  2: { name: 'set', skip: strings(1) },
  3: { name: 'sorted set', skip: repeated(skipTextScored) },
  4: { name: 'hash', skip: strings(2) },
  5: { name: 'sorted set', skip: repeated(skipScored) },
  9: { name: 'zipmap', skip: (from) => from.skipString() },
  10: { name: 'list', skip: (from) => from.skipString() },
  11: { name: 'set', skip: (from) => from.skipString() },
  12: { name: 'sorted set', skip: (from) => from.skipString() },
  13: { name: 'hash', skip: (from) => from.skipString() },
  14: { name: 'list', skip: strings(1) },
  15: { name: 'stream', skip: (from) => skipStream(from, 1) },
  16: { name: 'hash', skip: (from) => from.skipString() },
  17: { name: 'sorted set', skip: (from) => from.skipString() },
  18: { name: 'list', skip: repeated(skipQuicklistNode) },
  19: { name: 'stream', skip: (from) => skipStream(from, 2) },
  20: { name: 'set', skip: (from) => from.skipString() },
  21: { name: 'stream', skip: (from) => skipStream(from, 3) },
};

interface Shape {
  readonly name: string;
  readonly skip: (from: RdbFileReader) => void;
}

/** The name of a value's type. @throws FormatError where the type is none that is known here. */
export function typeName(type: number): string {
  return shapeOf(type).name;
}

/** Goes to the end of a value whose type byte (and key) was read. Not of a module's value. @throws FormatError where it has no end. */
export function skipValue(from: RdbFileReader, type: number): void {
  shapeOf(type).skip(from);
}

/** Goes to the end of what a module saved, behind the id of its type. */
export function skipModuleContent(from: RdbFileReader): void {
  for (;;) {
    switch (from.length()) {
      case MODULE_MARKS.END:
        return;
      case MODULE_MARKS.SINT:
      case MODULE_MARKS.UINT:
        from.length();
        break;
      case MODULE_MARKS.FLOAT:
        from.skip(4);
        break;
      case MODULE_MARKS.DOUBLE:
        from.skip(8);
        break;
      case MODULE_MARKS.STRING:
        from.skipString();
        break;
      default:
        throw new FormatError('a module value is damaged');
    }
  }
}

function shapeOf(type: number): Shape {
  const shape = SHAPES[type];
  if (shape === undefined) throw new FormatError(`it has a value of type ${type}, which is not known here`);
  return shape;
}

function repeated(skipOne: (from: RdbFileReader) => void): (from: RdbFileReader) => void {
  return (from) => {
    for (let left = from.length(); left > 0; left--) skipOne(from);
  };
}

function strings(each: number): (from: RdbFileReader) => void {
  return repeated((from) => {
    for (let i = 0; i < each; i++) from.skipString();
  });
}

function skipScored(from: RdbFileReader): void {
  from.skipString();
  from.skip(8);
}

function skipTextScored(from: RdbFileReader): void {
  from.skipString();
  from.textDouble();
}

function skipQuicklistNode(from: RdbFileReader): void {
  from.length();
  from.skipString();
}

/** A stream's entries, its counters, and its groups with what they have to acknowledge. @param form 1 to 3, each adding fields. */
function skipStream(from: RdbFileReader, form: number): void {
  const lengths = (count: number) => {
    for (let i = 0; i < count; i++) from.length();
  };
  strings(2)(from);
  // Length and last id; then first id, largest deleted id and entries added.
  lengths(form >= 2 ? 8 : 3);
  repeated(() => {
    from.skipString();
    lengths(form >= 2 ? 3 : 2);
    repeated(() => {
      from.skip(16 + 8);
      from.length();
    })(from);
    repeated(() => {
      from.skipString();
      from.skip(form >= 3 ? 16 : 8);
      repeated(() => from.skip(16))(from);
    })(from);
  })(from);
}
