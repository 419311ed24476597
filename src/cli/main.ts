/**
 * The composition root: the `spillway` command. Each command is a file beside this one, loaded when it is asked for, so
 * that `serve` starts fast.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { reportError, watchOutput } from './terminal.js';

const readVersion = (): string => {
  for (const up of ['../../..', '../..']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(`${up}/package.json`, import.meta.url), 'utf8')) as {
        name: string;
        version: string;
      };
      if (manifest.name === 'spillway') return manifest.version;
    } catch {}
  }
  return 'unknown';
};

/** Command name -> what adds it; `default` decides what an unknown or missing name loads (all, for help). */
const commands: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  serve: async (program) => (await import('./serve-command.js')).addServeCommand(program),
  run: async (program) => (await import('./run-command.js')).addRunCommand(program),
  chat: async (program) => (await import('./chat-command.js')).addChatCommand(program),
  route: async (program) => (await import('./route-command.js')).addRouteCommand(program),
  models: async (program) => (await import('./models-command.js')).addModelsCommand(program),
  pull: async (program) => (await import('./pull-command.js')).addPullCommand(program),
  bench: async (program) => (await import('./bench-command.js')).addBenchCommand(program),
  keys: async (program) => (await import('./keys-command.js')).addKeysCommand(program),
  budget: async (program) => (await import('./budget-command.js')).addBudgetCommand(program),
  usage: async (program) => (await import('./usage-command.js')).addUsageCommand(program),
  receipts: async (program) => (await import('./receipts-command.js')).addReceiptsCommand(program),
  config: async (program) => (await import('./config-command.js')).addConfigCommand(program),
  doctor: async (program) => (await import('./doctor-command.js')).addDoctorCommand(program),
};

const main = async (): Promise<void> => {
  const program = new Command('spillway')
    .description('Runs each language-model request at the nearest place that can answer it.')
    .version(readVersion())
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'spillway: ')) })
    .showHelpAfterError('(run `spillway --help` for the commands)');
  const wanted = commands[process.argv[2] ?? ''];
  for (const add of wanted === undefined ? Object.values(commands) : [wanted]) await add(program);
  for (const command of program.commands)
    command.showHelpAfterError(`(run \`spillway ${command.name()} --help\` for what it takes)`);
  await program.parseAsync();
};

watchOutput();
try {
  await main();
} catch (error) {
  reportError(error);
  process.exitCode ||= 1;
}
