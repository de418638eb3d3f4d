import { readFileSync } from 'node:fs';
import tls from 'node:tls';

/** Paths; '' where there is none. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caCertFile: string;
}

export interface TlsOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly files: TlsFiles;
  /** Whether clients have to show a certificate of the CA. */
  readonly authClients: 'no' | 'yes' | 'optional';
}

/** A client that is slower than this to shake hands is let go, so that idle sockets cannot pile up before anyone has logged in. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * The contents of the files, once they have proved to fit together.
 * @throws the reason why they do not.
 */
export function readTlsFiles(files: TlsFiles): { cert: Buffer; key: Buffer; ca?: Buffer } {
  if (files.certFile === '') throw new Error('No tls-cert-file configured!');
  if (files.keyFile === '') throw new Error('No tls-key-file configured!');
  const pair = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
  const contents = files.caCertFile === '' ? pair : { ...pair, ca: readFileSync(files.caCertFile) };
  tls.createSecureContext(contents);
  return contents;
}

/**
 * What an outgoing connection shows of itself and trusts, as in Redis the same files as for incoming ones.
 * @returns undefined where no file is named.
 * @throws the reason why they are of no use.
 */
export function outgoingContext({ certFile, keyFile, caCertFile }: TlsFiles): tls.SecureContext | undefined {
  if (certFile === '' && caCertFile === '') return undefined;
  return tls.createSecureContext({
    ...(certFile !== '' && readTlsFiles({ certFile, keyFile, caCertFile: '' })),
    ...(caCertFile !== '' && { ca: readFileSync(caCertFile) }),
  });
}

/** @throws the reason why the options are of no use. */
export function serverOptions({ files, authClients }: TlsOptions): tls.TlsOptions {
  if (authClients !== 'no' && files.caCertFile === '') {
    throw new Error(
      'tls-ca-cert-file must be specified when tls-auth-clients is yes (the default) or optional',
    );
  }
  return {
    ...readTlsFiles(files),
    requestCert: authClients !== 'no',
    rejectUnauthorized: authClients === 'yes',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  };
}
