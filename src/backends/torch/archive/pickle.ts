import { PickleReader } from './pickle-reader.ts';

/** What a pickle names: a class or a function. Only ever a name here, nothing is imported. */
export class PickledGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** An instance of a class of the archive's code. */
export class PickledObject {
  readonly className: string;
  readonly attributes = new Map<string, Pickled>();

  constructor(className: string) {
    this.className = className;
  }
}

/** A float, which JavaScript would not tell from an int. */
export class PickledFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export class PickledTuple {
  readonly items: readonly Pickled[];

  constructor(items: readonly Pickled[]) {
    this.items = items;
  }
}

/** The bytes of one file that tensors lie in. */
export class PickledStorage {
  /** As torch names it: FloatStorage, LongStorage.. */
  readonly type: string;
  readonly bytes: Uint8Array;

  constructor(type: string, bytes: Uint8Array) {
    this.type = type;
    this.bytes = bytes;
  }
}

export class PickledTensor {
  readonly storage: PickledStorage;
  /** In elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];

  constructor(storage: PickledStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

export type Pickled =
  | null
  | boolean
  | number
  | string
  | PickledFloat
  | PickledTuple
  | PickledObject
  | PickledTensor
  | PickledStorage
  | PickledGlobal
  | Pickled[]
  | Map<Pickled, Pickled>;

const MARK = Symbol('mark');
type Slot = Pickled | typeof MARK;

/** Lists of one type, as TorchScript pickles them: the function is a note on the type, its first argument the list. */
const TYPE_NOTES = /^torch\.jit\._pickle\.(build_\w+list|restore_type_tag)$/;

/**
 * Reads what torch.jit.save pickles: data only. Names of classes stay names, the few functions that rebuild tensors are known here, and
 * whatever else a pickle could ask for is an error: nothing of a pickle is ever executed.
 * @param storage finds the bytes of a storage by its key.
 * @throws Error when the bytes are no such pickle.
 */
export function readPickle(bytes: Uint8Array, storage: (key: string) => Uint8Array): Pickled {
  const reader = new PickleReader(bytes);
  const stack: Slot[] = [];
  const memo = new Map<number, Pickled>();
  const pop = (): Pickled => {
    const value = stack.pop();
    if (value === undefined || value === MARK) throw new Error('a pickle takes what it did not put');
    return value;
  };
  const top = (): Pickled => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const popMark = (): Pickled[] => {
    const at = stack.lastIndexOf(MARK);
    if (at < 0) throw new Error('a pickle lacks a mark');
    const items = stack.splice(at);
    return items.slice(1) as Pickled[];
  };
  const tuple = (count: number) => {
    const items = Array.from({ length: count }, pop).reverse();
    stack.push(new PickledTuple(items));
  };
  const recall = (index: number) => {
    const value = memo.get(index);
    if (value === undefined) throw new Error('a pickle recalls what it did not keep');
    stack.push(value);
  };
  const setItems = (items: Pickled[]) => {
    const target = top();
    if (!(target instanceof Map)) throw new Error('a pickle sets items of what is no dict');
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i] as Pickled, items[i + 1] as Pickled);
  };
  const append = (items: Pickled[]) => {
    const target = top();
    if (!Array.isArray(target)) throw new Error('a pickle appends to what is no list');
    for (const item of items) target.push(item);
  };
  for (;;) {
    const op = String.fromCharCode(reader.byte());
    switch (op) {
      case '\x80':
        reader.byte();
        break;
      case '.':
        return pop();
      case '(':
        stack.push(MARK);
        break;
      case 'N':
        stack.push(null);
        break;
      case '\x88':
      case '\x89':
        stack.push(op === '\x88');
        break;
      case 'K':
        stack.push(reader.byte());
        break;
      case 'M':
        stack.push(reader.uint16());
        break;
      case 'J':
        stack.push(reader.int32());
        break;
      case '\x8a':
        stack.push(reader.long());
        break;
      case 'G':
        stack.push(new PickledFloat(reader.double()));
        break;
      case 'X':
        stack.push(reader.text());
        break;
      case 'q':
        memo.set(reader.byte(), top());
        break;
      case 'r':
        memo.set(reader.uint32(), top());
        break;
      case 'h':
        recall(reader.byte());
        break;
      case 'j':
        recall(reader.uint32());
        break;
      case ')':
      case '\x85':
      case '\x86':
      case '\x87':
        tuple(op === ')' ? 0 : op.charCodeAt(0) - 0x84);
        break;
      case 't':
        stack.push(new PickledTuple(popMark()));
        break;
      case ']':
        stack.push([]);
        break;
      case 'a':
        append([pop()]);
        break;
      case 'e':
        append(popMark());
        break;
      case '}':
        stack.push(new Map());
        break;
      case 's':
        setItems([pop(), pop()].reverse());
        break;
      case 'u':
        setItems(popMark());
        break;
      case 'c': {
        const module = reader.line();
        stack.push(new PickledGlobal(`${module}.${reader.line()}`));
        break;
      }
      case '\x81': {
        pop();
        stack.push(new PickledObject(globalName(pop())));
        break;
      }
      case 'b':
        build(pop(), top());
        break;
      case 'Q':
        stack.push(readStorage(pop(), storage));
        break;
      case 'R': {
        const items = itemsOf(pop());
        stack.push(reduce(globalName(pop()), items));
        break;
      }
      default:
        throw new Error(
          `a pickle has the opcode 0x${op.charCodeAt(0).toString(16)}, which is not known here`,
        );
    }
  }
}

function globalName(value: Pickled): string {
  if (value instanceof PickledGlobal) return value.name;
  throw new Error('a pickle calls what is no name');
}

function itemsOf(value: Pickled | undefined): readonly Pickled[] {
  if (value instanceof PickledTuple) return value.items;
  throw new Error('a pickle lacks a tuple');
}

function build(state: Pickled, target: Pickled): void {
  // A state dict has attributes, the versions of its modules, which say nothing of the tensors.
  if (target instanceof Map) return;
  if (!(target instanceof PickledObject)) throw new Error('a pickle builds what is no object');
  // A class with __setstate__ of its own: its state is one value, which only that function could take apart.
  if (!(state instanceof Map)) throw new Error(`the state of ${target.className} is not known here`);
  for (const [key, value] of state) if (typeof key === 'string') target.attributes.set(key, value);
}

/** ('storage', torch.FloatStorage, key, device, size) */
function readStorage(id: Pickled, storage: (key: string) => Uint8Array): PickledStorage {
  const [, type, key] = itemsOf(id);
  const name = globalName(type ?? null)
    .split('.')
    .at(-1) as string;
  if (typeof key !== 'string') throw new Error('a storage has no key');
  return new PickledStorage(name, storage(key));
}

function reduce(name: string, args: readonly Pickled[]): Pickled {
  if (name === 'torch._utils._rebuild_tensor_v2') return rebuildTensor(args);
  if (name === 'collections.OrderedDict') return new Map();
  const [first = null] = args;
  if (name === 'torch._utils._rebuild_parameter' || TYPE_NOTES.test(name)) return first;
  if (name === 'torch.device' || name === 'torch.jit._pickle.build_deviceobj') return first;
  throw new Error(`a pickle calls ${name}, which is not known here`);
}

function rebuildTensor([storage, offset, shape, strides]: readonly Pickled[]): PickledTensor {
  const numbers = (value: Pickled | undefined) => {
    const items = itemsOf(value);
    if (items.every((n) => Number.isSafeInteger(n) && (n as number) >= 0)) return items as number[];
    throw new Error('a tensor has a wrong shape');
  };
  if (!(storage instanceof PickledStorage) || typeof offset !== 'number' || offset < 0) {
    throw new Error('a tensor has no storage');
  }
  return new PickledTensor(storage, offset, numbers(shape), numbers(strides));
}
