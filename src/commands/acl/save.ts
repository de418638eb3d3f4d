import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const aclSave: Command = {
  name: 'acl|save',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Writes the users to the ACL file',
  syntax: '',
  run({ node }) {
    if (node.access.aclfile === '') throw errors.aclNoFile();
    try {
      node.access.save();
    } catch (error) {
      node.log.warn({ err: error }, 'the ACL file could not be written');
      throw errors.aclSave();
    }
    return OK;
  },
};
