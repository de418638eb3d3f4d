import { type Argument, encodeRequest } from '../src/upstream/requests.ts';

export { type Argument, encodeRequest };

/** Several requests, one after the other. */
export function encodeRequests(requests: readonly (readonly Argument[])[]): Buffer {
  return Buffer.concat(requests.map(encodeRequest));
}
