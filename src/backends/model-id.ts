let lastModelId = 0;

/** An id that no other model or script of this process has. */
export function nextModelId(): number {
  return ++lastModelId;
}
