import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt, textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { isPlainName } from './plain-name.ts';

export const setinfo: Command = {
  name: 'client|setinfo',
  arity: 4,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '7.2.0',
  summary: "Tells the client library's name or version",
  syntax: 'LIB-NAME name | LIB-VER version',
  run({ client }, args) {
    const attribute = keywordAt(args, 2);
    const value = textAt(args, 3);
    if (attribute !== 'LIB-NAME' && attribute !== 'LIB-VER') {
      throw errors.unknownClientInfo(attribute.toLowerCase());
    }
    if (!isPlainName(value)) throw errors.invalidClientInfo(attribute.toLowerCase());
    if (attribute === 'LIB-NAME') client.libraryName = value;
    else client.libraryVersion = value;
    return OK;
  },
};
