/** `spillway chat`: a conversation in the terminal. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { ChatMessage } from '../tiers/tier.js';
import { addEngineFlags, type EngineFlags } from './engine-options.js';
import { reportError } from './terminal.js';

interface ChatFlags extends EngineFlags {
  readonly model?: string;
  readonly system?: string;
}

const chat = async (flags: ChatFlags): Promise<void> => {
  const [{ openDevice }, { ask, overflowNote }] = await Promise.all([import('./open-device.js'), import('./ask.js')]);
  const device = await openDevice(flags.model === undefined ? [] : [flags.model], { parallel: 1, ...flags });
  const model = [...device.engines.keys()][0]!;
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: process.stdin.isTTY === true,
  });
  const opening: ChatMessage[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }];
  let messages = [...opening];
  let running: AbortController | null = null;
  let open = true;
  terminal.on('close', () => {
    open = false;
  });
  terminal.on('SIGINT', () => {
    if (running === null) terminal.close();
    else running.abort();
  });
  process.stdout.write(`${model}: /new starts over, /exit leaves, Ctrl+C stops an answer.\n`);
  try {
    terminal.setPrompt('> ');
    terminal.prompt();
    for await (const line of terminal) {
      const words = line.trim();
      if (words === '/exit') break;
      if (words === '/new') messages = [...opening];
      else if (words !== '') {
        messages.push({ role: 'user', content: words });
        running = new AbortController();
        try {
          const answer = await ask(
            device.tier,
            { model, messages },
            { write: (text) => process.stdout.write(text), signal: running.signal },
          );
          messages.push(answer.message);
          process.stdout.write(answer.overflow ? `${overflowNote(answer)}\n` : '\n');
        } catch (error) {
          messages.pop();
          process.stdout.write('\n');
          reportError(error);
        } finally {
          running = null;
        }
      }
      if (open) terminal.prompt();
    }
  } finally {
    terminal.close();
    await device.close({ drainMs: 0 });
  }
};

export const addChatCommand = (program: Command): void => {
  const command = program
    .command('chat')
    .description('talk with a model of this device')
    .option('--model <name|path.gguf>', 'the model (pocket)')
    .option('--system <text>', 'a system message');
  addEngineFlags(command).action(chat);
};
