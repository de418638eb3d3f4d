import path from 'node:path';

/** @param argument what the command line says, if anything */
export function dataDirectory(argument: string | boolean | undefined): string {
  return path.resolve(typeof argument === 'string' ? argument : (process.env.TESSERA_DATA ?? 'data'));
}
