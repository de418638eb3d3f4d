import type { DataType } from '../onnx-graph/data-types.ts';
import type { HostTensor } from '../onnx-graph/host-tensor.ts';
import type { Shape } from '../onnx-graph/value.ts';
import { fromTensorFlow } from './data-types.ts';
import type { AttributeMessage, ShapeMessage } from './messages.ts';
import { readTensor } from './tensor-message.ts';

/** A node's attributes. One that is missing, or of another kind than asked for, has its default. */
export class Attributes {
  readonly messages: Readonly<Record<string, AttributeMessage>>;

  constructor(messages: Readonly<Record<string, AttributeMessage>>) {
    this.messages = messages;
  }

  int(name: string, otherwise: number): number {
    const found = this.#find(name, 'i');
    return found === undefined ? otherwise : found.i.toNumber();
  }

  float(name: string, otherwise: number): number {
    return this.#find(name, 'f')?.f ?? otherwise;
  }

  bool(name: string, otherwise = false): boolean {
    return this.#find(name, 'b')?.b ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    const found = this.#find(name, 's');
    return found === undefined ? otherwise : Buffer.from(found.s).toString('latin1');
  }

  ints(name: string): number[] | undefined {
    return this.#find(name, 'list')?.list.i.map((value) => value.toNumber());
  }

  floats(name: string): readonly number[] | undefined {
    return this.#find(name, 'list')?.list.f;
  }

  texts(name: string): string[] | undefined {
    return this.#find(name, 'list')?.list.s.map((bytes) => Buffer.from(bytes).toString('latin1'));
  }

  /** TensorFlow's number of a dtype. */
  typeCode(name: string): number | undefined {
    return this.#find(name, 'type')?.type;
  }

  dtype(name: string): DataType | undefined {
    const code = this.typeCode(name);
    return code === undefined ? undefined : fromTensorFlow(code);
  }

  dtypes(name: string): (DataType | undefined)[] | undefined {
    return this.#find(name, 'list')?.list.type.map(fromTensorFlow);
  }

  /** Undefined where the attribute is missing or says that the rank is unknown; a dimension that may be anything is null. */
  shape(name: string): Shape | undefined {
    const found = this.#find(name, 'shape');
    return found && shapeOf(found.shape);
  }

  shapes(name: string): (Shape | undefined)[] | undefined {
    return this.#find(name, 'list')?.list.shape.map(shapeOf);
  }

  /** @throws Error when the tensor is malformed. */
  tensor(name: string): HostTensor | undefined {
    const found = this.#find(name, 'tensor');
    return found && readTensor(found.tensor);
  }

  /** The name of a function of the library. */
  function(name: string): string | undefined {
    return this.#find(name, 'func')?.func.name;
  }

  /** All functions that the node may call. */
  functions(): string[] {
    return Object.values(this.messages).flatMap((message) => {
      if (message.value === 'func') return [message.func.name];
      return message.value === 'list' ? message.list.func.map(({ name }) => name) : [];
    });
  }

  has(name: string): boolean {
    return Object.hasOwn(this.messages, name);
  }

  #find(name: string, kind: NonNullable<AttributeMessage['value']>): AttributeMessage | undefined {
    const found = Object.hasOwn(this.messages, name) ? this.messages[name] : undefined;
    return found?.value === kind ? found : undefined;
  }
}

function shapeOf({ dim, unknownRank }: ShapeMessage): Shape | undefined {
  if (unknownRank) return undefined;
  return dim.map(({ size }) => (size.toNumber() < 0 ? null : size.toNumber()));
}
