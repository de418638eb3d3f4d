import { errors } from '../../../errors.ts';
import { MapReply, OK, SetReply } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

/** Options and how many arguments each takes. */
const OPTIONS: Record<string, number> = { REDIRECT: 1, PREFIX: 1, BCAST: 0, OPTIN: 0, OPTOUT: 0, NOLOOP: 0 };

export const tracking: Command = {
  name: 'client|tracking',
  arity: -3,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.0.0',
  summary: 'Takes OFF only: changes of keys are not reported to clients',
  syntax: 'ON | OFF [REDIRECT id] [PREFIX prefix] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
  run(_, args) {
    for (let i = 3; i < args.length; i++) {
      const more = OPTIONS[keywordAt(args, i)];
      if (more === undefined || i + more >= args.length) throw errors.syntax();
      i += more;
    }
    switch (keywordAt(args, 2)) {
      case 'ON':
        throw errors.noTracking();
      case 'OFF':
        return OK;
      default:
        throw errors.syntax();
    }
  },
};

export const caching: Command = {
  name: 'client|caching',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.0.0',
  summary: 'Refused, since tracking cannot be on',
  syntax: 'YES | NO',
  run() {
    throw errors.cachingWithoutTracking();
  },
};

export const getredir: Command = {
  name: 'client|getredir',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.0.0',
  summary: 'Returns -1, since tracking cannot be on',
  syntax: '',
  run: () => -1,
};

export const trackinginfo: Command = {
  name: 'client|trackinginfo',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.2.0',
  summary: 'Tells that tracking is off',
  syntax: '',
  run: () =>
    new MapReply([
      ['flags', new SetReply(['off'])],
      ['redirect', -1],
      ['prefixes', []],
    ]),
};
