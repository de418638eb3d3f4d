import { AclFileError } from '../../access/acl-file.ts';
import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const aclLoad: Command = {
  name: 'acl|load',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Puts the users of the ACL file in place of those that there are, all or none',
  syntax: '',
  run({ node, client }) {
    if (node.access.aclfile === '') throw errors.aclNoFile();
    try {
      node.access.load(client);
    } catch (error) {
      if (error instanceof AclFileError) throw errors.aclLoad(error.message);
      throw error;
    }
    return OK;
  },
};
