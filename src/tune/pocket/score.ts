// Scores a router's predictions against labelled rows: was the right tool called or the request rightly handed over, were
// the arguments right, and does the confidence mean what it says. Pure: it runs no model and reads no file.

import type { Row } from '../taxonomy/row.js';
import { TuneError } from '../tune-error.js';
import { sameArguments } from './compare-arguments.js';
import { OUT_OF_SCOPE } from './read-clinc.js';

/** What the router said for one row. `tool` null = handed over; `confidence` 0 to 1 that this decision is right. */
export interface Prediction {
  tool: string | null;
  args: Readonly<Record<string, string>> | null;
  confidence: number;
}

/** A share with its Wilson 95% interval; with nothing counted, share is 0 and the interval 0 to 1. */
export interface Rate {
  right: number;
  total: number;
  share: number;
  low: number;
  high: number;
}

export interface ToolScore {
  tool: string;
  /** Rows of the tool for which it was called. */
  called: Rate;
  /** Of those with known arguments: the arguments that were right. */
  args: Rate;
}

export interface Confusion {
  /** The kind of the rows. */
  kind: string;
  expected: string | null;
  predicted: string | null;
  count: number;
  /** Rows of the kind. */
  total: number;
}

export interface Calibration {
  /** Expected calibration error over equal-width bins (Naeini et al. 2015), 0 to 1. */
  ece: number;
  /** Mean squared distance of confidence and outcome, 0 to 1. */
  brier: number;
  bins: { from: number; to: number; count: number; confidence: number; accuracy: number }[];
}

export interface Score {
  /** Right tool, or rightly handed over, over all rows. */
  decisions: Rate;
  /** Right tool, over the rows of device tools. */
  deviceTools: Rate;
  /** Handed over, over the rows of known requests that are not the device's. */
  handOverKnown: Rate;
  /** Handed over, over the out-of-scope rows. */
  handOverOutOfScope: Rate;
  /** Arguments right, over the rows with known arguments for which the right tool was called. */
  args: Rate;
  perTool: ToolScore[];
  calibration: Calibration;
  /** Wrong decisions by kind and prediction, the most frequent first. */
  confusions: Confusion[];
}

/** Scores `predictions[i]` against `rows[i]`. `confusions` is how many pairs to list, `bins` how many bins for the ECE. */
export function score(
  rows: readonly Row[],
  {
    predictions,
    confusions = 20,
    bins = 15,
  }: { predictions: readonly Prediction[]; confusions?: number; bins?: number },
): Score {
  if (predictions.length !== rows.length) {
    throw new TuneError('invalid-data', `Cannot score: ${rows.length} rows, ${predictions.length} predictions`);
  }
  const bad = predictions.findIndex(({ confidence }) => !(confidence >= 0 && confidence <= 1));
  if (bad >= 0) {
    throw new TuneError(
      'invalid-data',
      `Cannot score: confidence of prediction ${bad} needs 0 to 1, is ${predictions[bad]?.confidence}`,
    );
  }
  const outcomes = rows.map((row, i) => toOutcome(row, predictions[i]!));
  const device = outcomes.filter(({ row }) => row.tool !== null);
  const others = outcomes.filter(({ row }) => row.tool === null);
  const tools = [...new Set(device.map(({ row }) => row.tool!))].sort();
  return {
    decisions: rateOf(outcomes, isRight),
    deviceTools: rateOf(device, isRight),
    handOverKnown: rateOf(
      others.filter(({ row }) => row.kind !== OUT_OF_SCOPE),
      isRight,
    ),
    handOverOutOfScope: rateOf(
      others.filter(({ row }) => row.kind === OUT_OF_SCOPE),
      isRight,
    ),
    args: argumentsRate(device),
    perTool: tools.map((tool) => {
      const own = device.filter(({ row }) => row.tool === tool);
      return { tool, called: rateOf(own, isRight), args: argumentsRate(own) };
    }),
    calibration: calibrate(outcomes, bins),
    confusions: listConfusions(outcomes).slice(0, confusions),
  };
}

/** `right` of `total` with the Wilson score interval (Wilson 1927), z = 1.96. */
export function rate(right: number, total: number): Rate {
  if (total === 0) return { right, total, share: 0, low: 0, high: 1 };
  const z2 = 1.959963984540054 ** 2;
  const share = right / total;
  const centre = (share + z2 / (2 * total)) / (1 + z2 / total);
  const half = (Math.sqrt(z2) / (1 + z2 / total)) * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total));
  return {
    right,
    total,
    share,
    low: Math.max(0, Math.min(share, centre - half)),
    high: Math.min(1, Math.max(share, centre + half)),
  };
}

interface Outcome {
  row: Row;
  prediction: Prediction;
  right: boolean;
  /** Null when the row's arguments are not known, or the wrong tool was called. */
  argsRight: boolean | null;
}

function toOutcome(row: Row, prediction: Prediction): Outcome {
  const right = prediction.tool === row.tool;
  const known = right && row.tool !== null && row.args !== null;
  return { row, prediction, right, argsRight: known ? sameArguments(row.args!, prediction.args ?? {}) : null };
}

function isRight({ right }: Outcome): boolean {
  return right;
}

function rateOf(outcomes: readonly Outcome[], test: (outcome: Outcome) => boolean): Rate {
  return rate(outcomes.filter(test).length, outcomes.length);
}

function argumentsRate(outcomes: readonly Outcome[]): Rate {
  return rateOf(
    outcomes.filter(({ argsRight }) => argsRight !== null),
    ({ argsRight }) => argsRight === true,
  );
}

function calibrate(outcomes: readonly Outcome[], count: number): Calibration {
  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, right: 0 }));
  let squares = 0;
  for (const { prediction, right } of outcomes) {
    const bin = sums[Math.min(count - 1, Math.floor(prediction.confidence * count))]!;
    bin.count++;
    bin.confidence += prediction.confidence;
    bin.right += right ? 1 : 0;
    squares += (prediction.confidence - (right ? 1 : 0)) ** 2;
  }
  const total = Math.max(1, outcomes.length);
  return {
    ece: sums.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0) / total,
    brier: squares / total,
    bins: sums.map((bin, i) => ({
      from: i / count,
      to: (i + 1) / count,
      count: bin.count,
      confidence: bin.count === 0 ? 0 : bin.confidence / bin.count,
      accuracy: bin.count === 0 ? 0 : bin.right / bin.count,
    })),
  };
}

function listConfusions(outcomes: readonly Outcome[]): Confusion[] {
  const totals = new Map<string, number>();
  const pairs = new Map<string, Confusion>();
  for (const { row, prediction, right } of outcomes) {
    totals.set(row.kind, (totals.get(row.kind) ?? 0) + 1);
    if (right) continue;
    const key = `${row.kind}\n${prediction.tool ?? ''}`;
    const pair = pairs.get(key) ?? {
      kind: row.kind,
      expected: row.tool,
      predicted: prediction.tool,
      count: 0,
      total: 0,
    };
    pairs.set(key, { ...pair, count: pair.count + 1 });
  }
  return [...pairs.values()]
    .map((pair) => ({ ...pair, total: totals.get(pair.kind) ?? 0 }))
    .sort(
      (a, b) =>
        b.count - a.count || a.kind.localeCompare(b.kind) || (a.predicted ?? '').localeCompare(b.predicted ?? ''),
    );
}
