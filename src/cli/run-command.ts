/** `spillway run "PROMPT"`: one answer, streamed to standard output. */
import type { Command } from 'commander';
import { addEngineFlags } from './engine-options.js';
import type { ServiceFlags } from './open-service.js';
import {
  addPromptFlags,
  addReachFlags,
  contentHash,
  type PromptFlags,
  promptOf,
  readPrompt,
  routingOf,
} from './request-flags.js';
import { interruptedExitCode, noteAside, printJson, textFor } from './terminal.js';

interface RunFlags extends ServiceFlags, PromptFlags {
  readonly consent?: string;
  readonly json?: boolean;
}

const run = async (prompt: string, flags: RunFlags, command: Command): Promise<void> => {
  const [{ openService }, { ask, noteThinking, originNote, overflowNote }, { createAsking, furtherFor }] =
    await Promise.all([import('./open-service.js'), import('./ask.js'), import('./asking.js')]);
  const words = await readPrompt(prompt, command);
  const opened = await openService(flags);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const { openQuestioner } = await import('./terminal-question.js');
  const asking = createAsking(opened, {
    person: openQuestioner(),
    grantedHash: flags.consent ?? null,
    routing: () => routingOf(flags),
  });
  try {
    const answer = await ask(
      asking.chat,
      { model: opened.model, ...promptOf(words, flags) },
      {
        write: (text) => (flags.json === true ? undefined : process.stdout.write(textFor(process.stdout, text))),
        onThinking: noteThinking,
        signal: stop.signal,
      },
    );
    const origin = originNote(answer);
    if (flags.json === true) printJson(answer);
    else if (answer.overflow) process.stderr.write(`${overflowNote(answer, furtherFor(opened, answer))}\n`);
    else process.stdout.write('\n');
    if (origin !== null && flags.json !== true) noteAside(origin);
  } catch (error) {
    if (!stop.signal.aborted) throw asking.advise(error);
    if (flags.json !== true) process.stdout.write('\n');
    process.exitCode = interruptedExitCode;
  } finally {
    await opened.close();
  }
};

export const addRunCommand = (program: Command): void => {
  const command = program
    .command('run')
    .description('answer one prompt: on this device, or where the configuration allows it')
    .argument('<prompt>', 'what to ask; - reads it from standard input')
    .option('--model <name|path.gguf>', 'the model (default: pocket; with a configuration: auto)');
  addReachFlags(addPromptFlags(command))
    .option('--consent <sha256>', 'a yes beforehand, to exactly the request that `route explain` shows', contentHash)
    .option('--json', 'print the whole answer as JSON');
  addEngineFlags(command).action(run);
};
