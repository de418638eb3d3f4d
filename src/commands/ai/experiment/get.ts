import type { AgreementReport, ArmReport, Percentiles } from '../../../experiments/report.ts';
import { ByteString, Double, MapReply, type Reply } from '../../../protocol/reply.ts';
import { keyAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { ownKey, READ } from '../key-specs.ts';
import { readExperiment } from './read-experiment.ts';

export const experimentGet: Command = {
  name: 'ai.experiment|get',
  arity: 3,
  flags: ['readonly', 'module'],
  keys: { first: 2, last: 2, step: 1 },
  keySpecs: [ownKey(READ, 2)],
  group: 'ai',
  summary: 'Returns an experiment and what this node has seen of its models',
  syntax: 'key',
  run({ node }, args) {
    const key = keyAt(args, 2);
    const report = node.experiments.report(key, readExperiment(node.keyspace, key));
    return new MapReply([
      ['mode', report.mode],
      ['sample', new Double(report.samplePercent)],
      ['tolerance', new Double(report.tolerance)],
      ['since', report.since],
      ['arms', report.arms.map(armReply)],
    ]);
  },
};

function armReply(arm: ArmReport): Reply {
  return new MapReply([
    ['key', new ByteString(arm.key)],
    ['role', arm.role],
    ['weight', arm.weight],
    ['runs', arm.runs],
    ['errors', arm.errors],
    ['last_error', arm.lastError],
    ['dropped', arm.dropped],
    ['waiting', arm.waiting],
    ['runs_per_second', new Double(arm.runsPerSecond)],
    ['latency_us', percentilesReply(arm.latency)],
    ['queue_us', percentilesReply(arm.queue)],
    ['compute_us', percentilesReply(arm.compute)],
    ['agreement', arm.agreement === null ? null : agreementReply(arm.agreement)],
  ]);
}

/** Rounded to whole us. */
function percentilesReply({ p50, p90, p99 }: Percentiles): Reply {
  return new MapReply([
    ['p50', Math.round(p50)],
    ['p90', Math.round(p90)],
    ['p99', Math.round(p99)],
  ]);
}

function agreementReply(agreement: AgreementReport): Reply {
  const { top1Match } = agreement;
  return new MapReply([
    ['compared', agreement.compared],
    ['incomparable', agreement.incomparable],
    ['max_difference', new Double(agreement.maxDifference)],
    ['mean_difference', new Double(agreement.meanDifference)],
    ['top1_match', top1Match === null ? null : new Double(top1Match)],
    ['rows', agreement.rows],
    ['rows_over_tolerance', agreement.rowsOverTolerance],
  ]);
}
