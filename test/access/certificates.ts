import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './nodes.ts';

export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Why no certificates can be made here; undefined where they can. */
export const noOpenssl = whyNoOpenssl();

function whyNoOpenssl(): string | undefined {
  try {
    const version = execFileSync('openssl', ['version'], { encoding: 'utf8' });
    return /^OpenSSL [3-9]/.test(version) ? undefined : `openssl is older than 3: ${version.trim()}`;
  } catch {
    return 'no openssl on PATH';
  }
}

/** A certificate authority of the test's own, with all its files in a temporary folder. */
export class Authority {
  readonly #folder = temporaryFolder();
  readonly #own: Pair;

  constructor() {
    this.#own = this.#request('ca', ['-x509', '-days', '2', '-addext', 'basicConstraints=critical,CA:TRUE']);
  }

  get certFile(): string {
    return this.#own.certFile;
  }

  /** The certificate's text, for clients that trust it. */
  get ca(): Buffer {
    return readFileSync(this.certFile);
  }

  /** A key with a certificate for 127.0.0.1 and localhost, signed by this authority. */
  issue(name: string): Pair {
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    const issued = this.#request(name, [
      ...['-x509', '-days', '2', '-CA', this.#own.certFile, '-CAkey', this.#own.keyFile, ...names],
      ...['-addext', 'basicConstraints=CA:FALSE'],
    ]);
    return issued;
  }

  #request(name: string, extra: readonly string[]): Pair {
    const pair = {
      certFile: path.join(this.#folder, `${name}.crt`),
      keyFile: path.join(this.#folder, `${name}.key`),
    };
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-noenc',
          '-subj',
          `/CN=${name}`,
        ],
        ...['-keyout', pair.keyFile, '-out', pair.certFile, ...extra],
      ],
      { stdio: 'pipe' },
    );
    return pair;
  }
}
