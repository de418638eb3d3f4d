import type { TesseraNode } from '../../src/node.ts';
import { startNode } from '../support/node.ts';

/** The engines whose key commands these suites run against. */
export const servers: readonly { readonly engine: string; readonly start: () => Promise<TesseraNode> }[] = [
  { engine: 'embedded', start: startNode },
];
