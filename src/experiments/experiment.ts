import type { KeyName } from '../keyspace/keyspace.ts';
import { ArmStatistics } from './arm-statistics.ts';

/** SHADOW: the primary answers, the candidates run on the same inputs behind it. SPLIT: each run is answered by one arm, drawn by weight. */
export const EXPERIMENT_MODES = ['SHADOW', 'SPLIT'] as const;
export type ExperimentMode = (typeof EXPERIMENT_MODES)[number];

/** One of the models of an experiment. */
export interface ExperimentArm {
  readonly key: KeyName;
  /** Its share of the runs in SPLIT, against the sum of all; a whole number from 0 on. */
  readonly weight: number;
}

/** What a client says of an experiment. */
export interface ExperimentDefinition {
  readonly mode: ExperimentMode;
  /** The primary, and behind it the candidates. */
  readonly arms: readonly ExperimentArm[];
  /** Share of the runs that the candidates see in SHADOW, 0 to 100. */
  readonly samplePercent: number;
  /** Absolute difference of an element up to which a candidate agrees with the primary. */
  readonly tolerance: number;
}

/** An experiment as it lies under a key. Immutable but for its statistics, which are this node's own. */
export interface StoredExperiment extends ExperimentDefinition {
  /** In the order of `arms`. */
  readonly statistics: readonly ArmStatistics[];
}

/** An experiment whose statistics begin now. */
export function newExperiment({
  mode,
  arms,
  samplePercent,
  tolerance,
}: ExperimentDefinition): StoredExperiment {
  return { mode, arms, samplePercent, tolerance, statistics: arms.map(() => new ArmStatistics()) };
}

/**
 * The same with a candidate as its primary, which gives that one its place. Weights belong to the places: the new primary gets the
 * share that the old one had.
 * @returns undefined where none of its candidates has that key.
 */
export function promoted(experiment: ExperimentDefinition, key: KeyName): StoredExperiment | undefined {
  const { arms } = experiment;
  const at = arms.findIndex((arm) => arm.key === key);
  const [primary] = arms;
  if (at < 1 || primary === undefined) return undefined;
  const keys = arms
    .map((arm) => arm.key)
    .with(0, key)
    .with(at, primary.key);
  return newExperiment({
    ...experiment,
    arms: arms.map(({ weight }, i) => ({ key: keys[i] as KeyName, weight })),
  });
}

/** The number of an arm, drawn by weight. @param random from 0 to below 1. */
export function drawArm(arms: readonly ExperimentArm[], random: number): number {
  let left = random * arms.reduce((sum, { weight }) => sum + weight, 0);
  for (const [i, { weight }] of arms.entries()) {
    left -= weight;
    if (left < 0) return i;
  }
  return 0;
}
