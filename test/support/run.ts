import { spawn } from 'node:child_process';

export interface Ended {
  /** Null when a signal ended it, as after too long a time. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface How {
  readonly input?: string | Uint8Array;
  /** ms; 30 s where absent. */
  readonly timeout?: number;
}

/** Runs a program to its end without holding up this process, which may be the server that it talks to. */
export function run(command: string, args: readonly string[], how: How = {}): Promise<Ended> {
  const child = spawn(command, args, { stdio: 'pipe', timeout: how.timeout ?? 30_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('latin1').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('latin1').on('data', (text) => (stderr += text));
  child.stdin.end(how.input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
