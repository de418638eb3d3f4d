/** The databases within the file. */
export const RECORDS = 'values';
export const LARGE_VALUES = 'large';
export const SETTINGS = 'settings';
export const META = 'meta';

/** In META: the last turn that any value has in it, a float64. */
export const TURN = Buffer.from('turn');
/** In META: how records are written; absent in a new file. */
export const FORMAT = Buffer.from('format');
export const PRESENT_FORMAT = 2;
