import pino from 'pino';
import pretty from 'pino-pretty';

export type Logger = pino.Logger;

/**
 * A logger to standard output: one readable line an event, or JSON for collectors.
 * @param name of the node, shown in each line.
 */
export function createLogger(name: string, format: 'text' | 'json', level: string): Logger {
  const options: pino.LoggerOptions = { base: { node: name }, level };
  if (format === 'json') return pino(options);
  return pino(
    options,
    pretty({
      colorize: process.stdout.isTTY === true,
      translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
      ignore: 'pid,hostname,node',
      messageFormat: `${name}: {msg}`,
      sync: true,
    }),
  );
}
