/** Thrown for bytes that are not what they should be; never reaches a client as it is. */
export class FormatError extends Error {}
