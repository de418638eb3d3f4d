/** A function as its `def` line declares it. */
export interface FunctionSignature {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
}

const DEF = /^def[ \t]+([A-Za-z_]\w*)[ \t]*\(/gm;

/**
 * The functions that a TorchScript source defines at its top level. Only the `def` lines are read, the bodies are not:
 * whether they are sound is for the compiler to say. A parameter without a type is a Tensor, as in TorchScript.
 */
export function functionSignatures(source: string): FunctionSignature[] {
  return [...source.matchAll(DEF)].map((found) => ({
    name: found[1] as string,
    parameters: splitParameters(source, found.index + found[0].length).map((text) => {
      const declared = text.split('=')[0] as string;
      const [name = '', type = 'Tensor'] = declared.split(':').map((part) => part.trim());
      return { name, type: type.replace(/\s+/g, '') };
    }),
  }));
}

/** The text up to the closing parenthesis, cut at its commas outside of brackets. */
function splitParameters(source: string, from: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < source.length; at++) {
    const c = source[at];
    if (c === '[' || c === '(') depth++;
    else if (c === ']') depth--;
    else if (c === ')' && depth-- === 0) {
      parts.push(source.slice(start, at));
      break;
    } else if (c === ',' && depth === 0) {
      parts.push(source.slice(start, at));
      start = at + 1;
    }
  }
  return parts.filter((part) => part.trim() !== '');
}
