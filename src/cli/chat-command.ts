/** `spillway chat`: a conversation in the terminal; from a pipe, a question a line and nothing but the answers. */
import { createInterface, type Interface } from 'node:readline/promises';
import type { Command } from 'commander';
import { EngineError } from '../engine/engine-error.js';
import type { ChatMessage } from '../tiers/tier.js';
import { addEngineFlags, type EngineFlags } from './engine-options.js';
import { reportError, textFor } from './terminal.js';

interface ChatFlags extends EngineFlags {
  readonly model?: string;
  readonly system?: string;
}

const help = '/new starts over, /exit leaves, Ctrl+C stops an answer.\n';

/** Empties the line that is being typed, wherever the cursor is. */
const clearLine = (terminal: Interface): void => {
  terminal.write(null, { ctrl: true, name: 'e' });
  terminal.write(null, { ctrl: true, name: 'u' });
};

const chat = async (flags: ChatFlags): Promise<void> => {
  const [{ openDevice }, { ask, noteThinking, overflowNote }] = await Promise.all([
    import('./open-device.js'),
    import('./ask.js'),
  ]);
  const device = await openDevice(flags.model === undefined ? [] : [flags.model], { parallel: 1, ...flags });
  const model = [...device.engines.keys()][0]!;
  const isPerson = process.stdin.isTTY === true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: isPerson });
  const say = (text: string): void => {
    process.stdout.write(text);
  };
  const opening: ChatMessage[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }];
  let messages = [...opening];
  let running: AbortController | null = null;
  let open = true;
  terminal.on('close', () => {
    open = false;
  });
  terminal.on('SIGINT', () => {
    if (running !== null) running.abort();
    else if (terminal.line !== '') clearLine(terminal);
    else terminal.close();
  });

  const answer = async (words: string): Promise<void> => {
    const stop = new AbortController();
    running = stop;
    messages.push({ role: 'user', content: words });
    try {
      const said = await ask(
        device.tier,
        { model, messages },
        { write: (text) => say(textFor(process.stdout, text)), onThinking: noteThinking, signal: stop.signal },
      );
      messages.push(said.message);
      say(said.overflow ? `${overflowNote(said)}\n` : '\n');
    } catch (error) {
      messages.pop();
      say(stop.signal.aborted ? ' (stopped)\n' : '\n');
      if (stop.signal.aborted) return;
      reportError(error);
      if (
        isPerson &&
        messages.length > opening.length &&
        error instanceof EngineError &&
        error.code === 'context-overflow'
      )
        say('The conversation has become too long for this model: /new starts over.\n');
    } finally {
      running = null;
    }
  };

  try {
    if (isPerson) {
      say(`${model}: ${help}`);
      terminal.setPrompt('> ');
      terminal.prompt();
    }
    let left = false;
    for await (const line of terminal) {
      const words = line.trim();
      left = words === '/exit';
      if (left) break;
      if (words === '/new') messages = [...opening];
      else if (words === '/help') say(help);
      else if (words !== '') await answer(words);
      if (open && isPerson) terminal.prompt();
    }
    if (isPerson && !left) say('\n');
  } finally {
    terminal.close();
    await device.close({ drainMs: 0 });
  }
};

export const addChatCommand = (program: Command): void => {
  const command = program
    .command('chat')
    .description('talk with a model of this device')
    .option('--model <name|path.gguf>', 'the model (default: pocket)')
    .option('--system <text>', 'a system message');
  addEngineFlags(command).action(chat);
};
