import { AI_MODULE } from '../../version.ts';
import type { Section } from './section.ts';

/** Redis's default latency-tracking-info-percentiles. */
const PERCENTILES = [50, 99, 99.9];

export const modulesSection: Section = {
  title: 'Modules',
  shown: 'default',
  fields: () => [
    [
      'module',
      `name=${AI_MODULE.name},ver=${AI_MODULE.version},api=1,filters=0,usedby=[],using=[],options=[]`,
    ],
  ],
};

const commandstats: Section = {
  title: 'Commandstats',
  shown: 'all',
  fields: ({ statistics }) =>
    statistics.perCommand.used().map(([name, { calls, usec, rejected, failed }]) => {
      const perCall = calls === 0 ? 0 : usec / calls;
      return [
        `cmdstat_${name}`,
        `calls=${calls},usec=${Math.round(usec)},usec_per_call=${perCall.toFixed(2)},rejected_calls=${rejected},failed_calls=${failed}`,
      ] as const;
    }),
};

const errorstats: Section = {
  title: 'Errorstats',
  shown: 'default',
  fields: ({ statistics }) =>
    [...statistics.errorCodes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, count]) => [`errorstat_${code}`, `count=${count}`] as const),
};

const latencystats: Section = {
  title: 'Latencystats',
  shown: 'all',
  fields: ({ statistics }) =>
    statistics.perCommand.used().flatMap(([name, { histogram }]) => {
      if (histogram === null) return [];
      const values = PERCENTILES.map((p) => `p${p}=${histogram.percentile(p).toFixed(3)}`);
      return [[`latency_percentiles_usec_${name}`, values.join(',')] as const];
    }),
};

export const countSections: readonly Section[] = [commandstats, errorstats, latencystats];
