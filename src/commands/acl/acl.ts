import { errors } from '../../errors.ts';
import type { Command } from '../command.ts';
import { aclCat } from './cat.ts';
import { aclDeluser } from './deluser.ts';
import { aclDryrun } from './dryrun.ts';
import { aclGenpass } from './genpass.ts';
import { aclGetuser } from './getuser.ts';
import { aclHelp } from './help.ts';
import { aclList } from './list.ts';
import { aclLoad } from './load.ts';
import { aclLog } from './log.ts';
import { aclSave } from './save.ts';
import { aclSetuser } from './setuser.ts';
import { aclUsers } from './users.ts';
import { aclWhoami } from './whoami.ts';

export const acl: Command = {
  name: 'acl',
  arity: -2,
  flags: [],
  group: 'server',
  summary: 'Manages users and what they may do',
  syntax: 'subcommand [argument ...]',
  subcommands: [
    ...[aclCat, aclDeluser, aclDryrun, aclGenpass, aclGetuser, aclHelp, aclList, aclLoad, aclLog, aclSave],
    ...[aclSetuser, aclUsers, aclWhoami],
  ],
  run() {
    throw errors.wrongArity('acl');
  },
};
