/** Where the keys of commands are that have them at fixed places. */
export const ONE_KEY = { first: 1, last: 1, step: 1 } as const;
export const ALL_KEYS = { first: 1, last: -1, step: 1 } as const;
export const TWO_KEYS = { first: 1, last: 2, step: 1 } as const;
