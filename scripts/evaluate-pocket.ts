/**
 * `npm run evaluate:pocket`: scores models/pocket/pocket.gguf as a client sees it, through the engine and the device tier.
 *
 * Uses the validation split where it is present, the taxonomy's own sentences otherwise (which says less). Writes
 * models/pocket/evaluation.json and the figures of its card.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDevice } from '../src/cli/open-device.js';
import type { Tier } from '../src/tiers/tier.js';
import { sameArguments } from '../src/tune/pocket/compare-arguments.js';
import { readClinc } from '../src/tune/pocket/read-clinc.js';
import { type Prediction, type Rate, type Score, score } from '../src/tune/pocket/score.js';
import { generateRows } from '../src/tune/taxonomy/generate-rows.js';
import { loadTaxonomy } from '../src/tune/taxonomy/load-taxonomy.js';
import type { Row } from '../src/tune/taxonomy/row.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'models', 'pocket');
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(folder, 'pocket.gguf') },
    measured: { type: 'string', default: join(root, '..', 'shared', 'data', 'intents', 'clinc150-train-val.json') },
    write: { type: 'boolean', default: false },
    mistakes: { type: 'boolean', default: false },
  },
});

/** A call's arguments as texts; null where the JSON is no object. */
const readArguments = (json: string): Record<string, string> | null => {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null) return null;
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
};

const predict = async (tier: Tier, model: string, text: string): Promise<Prediction> => {
  let tool: string | null = null;
  let json = '';
  for await (const event of tier.chat({ model, messages: [{ role: 'user', content: text }] })) {
    if (event.type === 'tool-call') {
      tool ??= event.name ?? null;
      json += event.argumentsDelta;
    }
    if (event.type === 'end')
      return { tool, args: tool === null ? null : readArguments(json), confidence: event.confidence ?? 0 };
  }
  throw new Error(`No end for "${text}"`);
};

const percent = ({ share, low, high }: Rate): string =>
  `${(100 * share).toFixed(1)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;

const card = (result: Score, source: string): string =>
  [
    `Measured through the API on ${source}; in brackets the Wilson 95% interval.`,
    '',
    '| of 100 | reached | aim |',
    '|---|---|---|',
    `| right tool or right hand-over, all requests | ${percent(result.decisions)} | 97 |`,
    `| right tool, requests that are the device's | ${percent(result.deviceTools)} | 94 |`,
    `| hand-over, known requests that are not | ${percent(result.handOverKnown)} | 97 |`,
    `| hand-over, requests of no known kind | ${percent(result.handOverOutOfScope)} | 92 |`,
    `| arguments right, where the tool is right and the rules know them | ${percent(result.args)} | |`,
    '',
    `Calibration of the confidence: expected error ${result.calibration.ece.toFixed(3)}, Brier score ${result.calibration.brier.toFixed(3)}.`,
  ].join('\n');

const present = existsSync(values.measured);
let rows: Row[];
if (present) {
  const clinc = await readClinc(values.measured);
  rows = [...clinc.val, ...clinc.oosVal];
} else
  rows = generateRows(loadTaxonomy(join(folder, 'taxonomy')), { rows: 3000, seed: 'evaluation', overflowShare: 0.8 });

const device = await openDevice([values.model], { parallel: 8 });
const model = [...device.engines.keys()][0]!;
const predictions = new Array<Prediction>(rows.length);
let next = 0;
await Promise.all(
  Array.from({ length: 8 }, async () => {
    while (next < rows.length) {
      const index = next++;
      predictions[index] = await predict(device.tier, model, rows[index]!.text);
    }
  }),
);
await device.close({ drainMs: 0 });

const result = score(rows, { predictions });
const source = present
  ? "CLINC150's validation split"
  : "sentences of the model's own taxonomy (no measured data here)";
const figures = card(result, source);
process.stdout.write(
  `${figures}\n\n${JSON.stringify(result.perTool.map(({ tool, called, args }) => [tool, called.share, args.share]))}\n`,
);
if (values.mistakes)
  rows.forEach((row, index) => {
    const { tool, args } = predictions[index]!;
    const wrongArguments =
      tool !== null && tool === row.tool && row.args !== null && !sameArguments(row.args, args ?? {});
    if (tool !== row.tool || wrongArguments)
      process.stdout.write(
        `${row.kind} | ${row.tool} -> ${tool} | ${row.text} | ${JSON.stringify(row.args)} -> ${JSON.stringify(args)}\n`,
      );
  });
if (values.write) {
  writeFileSync(join(folder, 'evaluation.json'), `${JSON.stringify({ source, ...result }, null, 2)}\n`);
  const readme = join(folder, 'README.md');
  const text = readFileSync(readme, 'utf8');
  writeFileSync(readme, text.replace(/(<!-- scores -->)[\s\S]*?(<!-- \/scores -->)/, `$1\n${figures}\n$2`));
}
