import type { Tensor } from '../../../tensors/tensor.ts';
import type { Stage } from './stages.ts';

/** Branches of one program's slot; of more the oldest goes. */
const MAX_BRANCHES = 64;
/** Shapes whose branch is remembered. */
const MAX_SHAPES = 1024;

/** What a recorded run does up to a question, or to its end. Tensors go by the names of their values. */
export interface Step {
  /** Null where what is asked for is there already. */
  readonly stage: Stage | null;
  readonly end:
    | { readonly kind: 'question'; readonly asked: string; readonly answers: Map<string, Slot> }
    | { readonly kind: 'outputs'; readonly names: readonly string[] }
    | { readonly kind: 'failure'; readonly error: Error };
}

/** A step for the inputs that lead to it. */
export interface Branch {
  readonly step: Step;
  /** The values of the inputs. */
  readonly inputs: readonly string[];
  /** Dimensions that are numbers on the whole way. */
  readonly pinned: ReadonlySet<string>;
  /** Whether inputs of these shapes and dtypes, which came to this slot, go this way. */
  fits(inputs: readonly Tensor[]): boolean;
}

/** Where a run goes on: at its beginning, or after an answer. */
export class Slot {
  #branches: Branch[] = [];
  readonly #byShapes = new Map<string, Branch>();

  /** @param shapes of the inputs and their dtypes, as a text. */
  find(shapes: string, inputs: readonly Tensor[]): Branch | undefined {
    const known = this.#byShapes.get(shapes);
    if (known !== undefined) return known;
    const found = this.#branches.find((branch) => branch.fits(inputs));
    if (found === undefined) return undefined;
    if (this.#byShapes.size >= MAX_SHAPES) this.#byShapes.clear();
    this.#byShapes.set(shapes, found);
    return found;
  }

  add(branch: Branch): void {
    this.#branches.push(branch);
    if (this.#branches.length > MAX_BRANCHES) this.remove(this.#branches[0] as Branch);
  }

  remove(branch: Branch): void {
    this.#branches = this.#branches.filter((other) => other !== branch);
    for (const [shapes, other] of this.#byShapes) if (other === branch) this.#byShapes.delete(shapes);
  }
}

/** The slot after an answer, new if it has not been given before. */
export function slotAfter(answers: Map<string, Slot>, answer: readonly number[]): Slot {
  const key = answer.map((x) => (Object.is(x, -0) ? '-0' : String(x))).join();
  const known = answers.get(key) ?? new Slot();
  answers.set(key, known);
  return known;
}
