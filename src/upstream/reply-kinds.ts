const MINUS = 45;
const PLUS = 43;

/** Whether a reply is an error. */
export function isError(reply: Buffer): boolean {
  return reply[0] === MINUS;
}

/** Whether a reply is a status, such as OK or QUEUED. */
export function isStatus(reply: Buffer): boolean {
  return reply[0] === PLUS;
}

/** Redis adds the script to what a command in it refuses: the client knows of none. Other replies stay as they are. */
export function withoutScript(reply: Buffer): Buffer {
  if (!isError(reply)) return reply;
  return Buffer.from(reply.toString('latin1').replace(/ script: [0-9a-f]{40}.*(?=\r\n$)/, ''), 'latin1');
}

/** Of a command that Redis refuses to a subscriber the client knows another name. */
export function asSaidOf(command: string, error: Buffer): Buffer {
  const text = error.toString('latin1');
  return Buffer.from(
    text.replace(/^-ERR Can't execute '[^']*'/, `-ERR Can't execute '${command}'`),
    'latin1',
  );
}
