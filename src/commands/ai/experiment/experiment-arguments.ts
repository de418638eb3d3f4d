import { errors } from '../../../errors.ts';
import {
  EXPERIMENT_MODES,
  type ExperimentDefinition,
  type ExperimentMode,
} from '../../../experiments/experiment.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import { integerAt, keyAt, keywordAt, textAt } from '../../arguments.ts';
import { countedPositions } from '../execute-arguments.ts';

/** Each of them may run for each run of the primary. */
const MOST_CANDIDATES = 16;
const HIGHEST_WEIGHT = 1_000_000;
const DEFAULT_TOLERANCE = 1e-3;
const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SHADOW_ONLY = ['SAMPLE', 'TOLERANCE'] as const;

/**
 * `SET key PRIMARY model CANDIDATES n model .. [MODE mode] [WEIGHTS w ..] [SAMPLE percent] [TOLERANCE t]`, the options in any order, each once.
 * @throws ServerError for each way in which they can be wrong.
 */
export function parseExperiment(args: Arguments): ExperimentDefinition {
  if (keywordAt(args, 3) !== 'PRIMARY') throw errors.primaryNotSpecified();
  if (keywordAt(args, 5) !== 'CANDIDATES') throw errors.candidatesNotSpecified();
  const count = integerAt(args, 6);
  if (count === undefined) throw errors.invalidCandidateCount();
  if (count < 1 || count > MOST_CANDIDATES) throw errors.candidateCount(MOST_CANDIDATES);
  if (7 + count > args.length) throw errors.candidatesMismatch();
  const positions = [4, ...countedPositions(args, 6)];
  const keys = positions.map((at) => keyAt(args, at));
  const twice = keys.findIndex((key, i) => keys.indexOf(key) < i);
  if (twice >= 0) throw errors.armTwice(textAt(args, positions[twice] as number));
  const options = readOptions(args, 7 + count, keys.length);
  const mode = options.mode ?? 'SHADOW';
  if (mode === 'SHADOW' && options.weights !== undefined) throw errors.optionOfMode('WEIGHTS', 'SPLIT');
  if (mode === 'SPLIT') {
    const wrong = SHADOW_ONLY.find((name) => options[name] !== undefined);
    if (wrong !== undefined) throw errors.optionOfMode(wrong, 'SHADOW');
  }
  return {
    mode,
    arms: keys.map((key, i) => ({ key, weight: options.weights?.[i] ?? 1 })),
    samplePercent: options.SAMPLE ?? 100,
    tolerance: options.TOLERANCE ?? DEFAULT_TOLERANCE,
  };
}

interface Options {
  mode?: ExperimentMode;
  weights?: readonly number[];
  SAMPLE?: number;
  TOLERANCE?: number;
}

function readOptions(args: Arguments, from: number, arms: number): Options {
  const options: Options = {};
  for (let at = from; at < args.length; ) {
    const name = keywordAt(args, at);
    if (name === 'MODE' && options.mode === undefined) {
      const mode = EXPERIMENT_MODES.find((one) => one === keywordAt(args, at + 1));
      if (mode === undefined) throw errors.invalidArgument(name);
      options.mode = mode;
      at += 2;
    } else if (name === 'WEIGHTS' && options.weights === undefined) {
      options.weights = readWeights(args, at + 1, arms);
      at += 1 + arms;
    } else if ((name === 'SAMPLE' || name === 'TOLERANCE') && options[name] === undefined) {
      const value = decimalAt(args, at + 1);
      if (value === undefined || (name === 'SAMPLE' && value > 100)) throw errors.invalidArgument(name);
      options[name] = value;
      at += 2;
    } else throw errors.unexpectedArgument(textAt(args, at));
  }
  return options;
}

/** One for each model, the primary's first; not all of them 0. */
function readWeights(args: Arguments, from: number, arms: number): readonly number[] {
  const weights = Array.from({ length: arms }, (_, i) => integerAt(args, from + i) ?? -1);
  if (weights.some((weight) => weight < 0 || weight > HIGHEST_WEIGHT) || weights.every((w) => w === 0)) {
    throw errors.invalidArgument('WEIGHTS');
  }
  return weights;
}

/** A number from 0 on, such as 0.5 or 1e-6; undefined where it is none. */
function decimalAt(args: Arguments, at: number): number | undefined {
  const text = textAt(args, at);
  const value = Number(text);
  return DECIMAL.test(text) && Number.isFinite(value) ? value : undefined;
}

/** Where the keys of AI.EXPERIMENT SET are: its own, and those of its models. */
export function experimentKeys(args: Arguments): number[] {
  const positions = [2];
  if (keywordAt(args, 3) === 'PRIMARY' && args.length > 4) positions.push(4);
  if (keywordAt(args, 5) === 'CANDIDATES') positions.push(...countedPositions(args, 6));
  return positions;
}
