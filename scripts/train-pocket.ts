/**
 * `npm run train:pocket`: makes models/pocket/pocket.gguf again, with a progress line, resuming where it was stopped.
 *
 * Arguments and files; the training itself is in src/tune/pocket.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkBinding } from '../src/llama/check-binding.js';
import { loadLlama } from '../src/llama/load-llama.js';
import { readClinc } from '../src/tune/pocket/read-clinc.js';
import { pocketRecipe } from '../src/tune/pocket/recipe.js';
import { trainPocket } from '../src/tune/pocket/train-pocket.js';
import { loadTaxonomy } from '../src/tune/taxonomy/load-taxonomy.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'models', 'pocket', 'pocket.gguf') },
    measured: { type: 'string', default: join(root, '..', 'shared', 'data', 'intents', 'clinc150-train-val.json') },
    work: { type: 'string', default: join(root, '.spillway', 'train-pocket') },
    threads: { type: 'string', default: String(availableParallelism()) },
    steps: { type: 'string' },
  },
});

const clock = (seconds: number): string =>
  `${Math.floor(seconds / 3600)}:${String(Math.floor((seconds / 60) % 60)).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const percent = (share: number): string => (100 * share).toFixed(1);

const showProgress = (report: {
  step: number;
  steps: number;
  loss: number;
  tokensPerSecond: number;
  secondsLeft: number;
}): void => {
  const width = 30;
  const done = Math.round((width * report.step) / report.steps);
  const line = `[${'#'.repeat(done)}${'-'.repeat(width - done)}] ${report.step}/${report.steps}  loss ${report.loss.toFixed(4)}  ${Math.round(report.tokensPerSecond)} tokens/s  ${clock(report.secondsLeft)} left`;
  process.stdout.write(process.stdout.isTTY ? `\r${line}   ` : `${line}\n`);
};

checkBinding();
const measuredPresent = existsSync(values.measured);
const clinc = measuredPresent ? await readClinc(values.measured) : null;
const recipe =
  values.steps === undefined
    ? pocketRecipe
    : { ...pocketRecipe, training: { ...pocketRecipe.training, steps: Number(values.steps) } };
mkdirSync(values.work, { recursive: true });
process.stdout.write(
  measuredPresent
    ? `Training on the taxonomy and on ${clinc?.train.length} sentences of ${values.measured}.\n`
    : `Training on the taxonomy alone: ${values.measured} is absent.\n`,
);
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
});
const started = performance.now();
const checkpointPath = join(values.work, 'checkpoint.bin');
const result = await trainPocket({
  llama: loadLlama(),
  recipe,
  taxonomy: loadTaxonomy(join(root, 'models', 'pocket', 'taxonomy')),
  measured: clinc === null ? [] : [...clinc.train, ...clinc.oosTrain],
  validation: clinc === null ? [] : [...clinc.val, ...clinc.oosVal],
  threads: Number(values.threads),
  outputPath: values.out,
  checkpointPath,
  reportEverySteps: 50,
  evaluateEverySteps: 500,
  now: () => performance.now(),
  onReport: showProgress,
  onEvaluation: (step, accuracy) =>
    process.stdout.write(
      `\nstep ${step}, validation: right ${percent(accuracy.all)}, device ${percent(accuracy.device)}, hand-over ${percent(accuracy.known)}, unknown ${percent(accuracy.unknown)}\n`,
    ),
  shouldStop: () => interrupted,
});
const minutes = (performance.now() - started) / 60_000;
process.stdout.write(`\n${JSON.stringify({ ...result, minutes: Number(minutes.toFixed(1)) })}\n`);
if (result.finished) {
  writeFileSync(
    join(dirname(values.out), 'training.json'),
    `${JSON.stringify({ recipe, measured: measuredPresent, result, minutes: Number(minutes.toFixed(1)) }, null, 2)}\n`,
  );
  rmSync(checkpointPath, { force: true });
} else {
  process.stdout.write('Stopped before the end; run the command again to go on from the checkpoint.\n');
}
