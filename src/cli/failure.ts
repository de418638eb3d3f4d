/** How the process ends. Documented in docs/command-line.md. */
export const EXIT_CODES = { done: 0, failed: 1, wrongUsage: 2, interrupted: 130 } as const;

/** What the user asked for cannot be meant; the message says why. */
export class UsageError extends Error {}
