import type { NodeContext } from '../../../node-context.ts';
import type { TlsFiles } from '../../../protocol/tls-options.ts';
import type { Setting } from './settings.ts';

/** CONFIG's settings for who may connect and what they may do. */
export const accessSettings: Record<string, Setting> = {
  requirepass: {
    read: (node) => node.access.requirepass,
    write: (node, value) => {
      node.access.requirepass = value;
    },
    commit: (node) => node.access.applyRequirepass(),
  },
  aclfile: { read: (node) => node.access.aclfile },
  'acllog-max-len': {
    read: (node) => String(node.access.log.maxLength),
    write: (node, value) => {
      node.access.log.maxLength = wholeNumber(value);
    },
  },
  'acl-pubsub-default': { read: () => 'resetchannels' },
  'protected-mode': {
    read: (node) => (node.access.protectedMode ? 'yes' : 'no'),
    write: (node, value) => {
      node.access.protectedMode = yesOrNo(value);
    },
  },
  bind: { read: (node) => node.listeners.hosts.join(' ') },
  'tls-port': { read: (node) => String(node.listeners.tlsPort) },
  'tls-cert-file': tlsFile('certFile'),
  'tls-key-file': tlsFile('keyFile'),
  'tls-ca-cert-file': tlsFile('caCertFile'),
  'tls-auth-clients': { read: (node) => node.listeners.tlsAuthClients },
  unixsocket: { read: (node) => node.listeners.unixSocket?.path ?? '' },
  unixsocketperm: { read: (node) => (node.listeners.unixSocket?.mode ?? 0).toString(8) },
};

function tlsFile(which: keyof TlsFiles): Setting {
  return {
    read: (node) => node.listeners.tlsFiles[which],
    write: (node, value) => {
      node.listeners.tlsFiles = { ...node.listeners.tlsFiles, [which]: value };
    },
    apply: reloadTls,
  };
}

/** The same function for all three files, so that a pair given in one CONFIG SET is read as a pair. */
function reloadTls(node: NodeContext): void {
  try {
    node.listeners.reloadTls();
  } catch (error) {
    node.log.warn({ err: error }, 'the TLS files cannot be used, the old ones stay');
    throw new Error('Unable to update TLS configuration. Check server logs.');
  }
}

function yesOrNo(value: string): boolean {
  const lower = value.toLowerCase();
  if (lower !== 'yes' && lower !== 'no') throw new Error("argument must be 'yes' or 'no'");
  return lower === 'yes';
}

function wholeNumber(value: string): number {
  if (!/^-?\d+$/.test(value)) throw new Error("argument couldn't be parsed into an integer");
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new Error('argument must be between 0 and 9223372036854775807 inclusive');
  }
  return number;
}
