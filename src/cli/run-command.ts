/** `spillway run "PROMPT"`: one answer, streamed to standard output. */
import type { Command } from 'commander';
import type { ChatMessage } from '../tiers/tier.js';
import { addEngineFlags, decimalNumber, type EngineFlags, wholeNumber } from './engine-options.js';
import { interruptedExitCode, printJson, textFor } from './terminal.js';

interface RunFlags extends EngineFlags {
  readonly model?: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

const readStandardInput = async (): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const run = async (prompt: string, flags: RunFlags, command: Command): Promise<void> => {
  const [{ openDevice }, { ask, noteThinking, overflowNote }] = await Promise.all([
    import('./open-device.js'),
    import('./ask.js'),
  ]);
  const words = prompt === '-' ? await readStandardInput() : prompt;
  if (words.trim() === '') command.error('error: the prompt is empty');
  const device = await openDevice(flags.model === undefined ? [] : [flags.model], { parallel: 1, ...flags });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  try {
    const messages: ChatMessage[] = [
      ...(flags.system === undefined ? [] : [{ role: 'system' as const, content: flags.system }]),
      { role: 'user', content: words },
    ];
    const answer = await ask(
      device.tier,
      {
        model: [...device.engines.keys()][0]!,
        messages,
        ...(flags.maxTokens === undefined ? {} : { maxTokens: flags.maxTokens }),
        sampling: {
          ...(flags.temperature === undefined ? {} : { temperature: flags.temperature }),
          ...(flags.seed === undefined ? {} : { seed: flags.seed }),
        },
      },
      {
        write: (text) => (flags.json === true ? undefined : process.stdout.write(textFor(process.stdout, text))),
        onThinking: noteThinking,
        signal: stop.signal,
      },
    );
    if (flags.json === true) printJson(answer);
    else if (answer.overflow) process.stderr.write(`${overflowNote(answer)}\n`);
    else process.stdout.write('\n');
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    if (flags.json !== true) process.stdout.write('\n');
    process.exitCode = interruptedExitCode;
  } finally {
    await device.close({ drainMs: 0 });
  }
};

export const addRunCommand = (program: Command): void => {
  const command = program
    .command('run')
    .description('answer one prompt on this device')
    .argument('<prompt>', 'what to ask; - reads it from standard input')
    .option('--model <name|path.gguf>', 'the model (default: pocket)')
    .option('--system <text>', 'a system message')
    .option('--max-tokens <n>', 'longest answer', wholeNumber(1, 1_000_000))
    .option(
      '--temperature <t>',
      'sampling temperature, 0 to 2; 0 always takes the likeliest token',
      decimalNumber(0, 2),
    )
    .option('--seed <n>', 'seed of the sampling', wholeNumber(0, 2 ** 32 - 1))
    .option('--json', 'print the whole answer as JSON');
  addEngineFlags(command).action(run);
};
