/** `spillway chat`: a conversation in the terminal; from a pipe, a question a line and nothing but the answers. */
import { createInterface, type Interface } from 'node:readline/promises';
import type { Command } from 'commander';
import { EngineError } from '../engine/engine-error.js';
import type { ChatMessage } from '../tiers/tier.js';
import { addEngineFlags } from './engine-options.js';
import type { ServiceFlags } from './open-service.js';
import { addReachFlags, routingOf } from './request-flags.js';
import { noteAside, reportError, textFor } from './terminal.js';
import type { Questioner } from './terminal-question.js';

interface ChatFlags extends ServiceFlags {
  readonly system?: string;
}

const help = '/new starts over, /exit leaves, Ctrl+C stops an answer.\n';

/** Empties the line that is being typed, wherever the cursor is. */
const clearLine = (terminal: Interface): void => {
  terminal.write(null, { ctrl: true, name: 'e' });
  terminal.write(null, { ctrl: true, name: 'u' });
};

/** Questions in the terminal of the conversation; `cancel` leaves the one that stands without an answer. */
const createQuestions = (terminal: Interface) => {
  let standing: AbortController | null = null;
  const cancel = (): boolean => {
    standing?.abort();
    return standing !== null;
  };
  terminal.on('close', cancel);
  const person: Questioner = {
    get columns() {
      return process.stdout.columns || 80;
    },
    get rows() {
      return process.stdout.rows || 24;
    },
    say: (text) => void process.stdout.write(text),
    async question(prompt) {
      // What was typed while there was no question is no answer to it.
      clearLine(terminal);
      standing = new AbortController();
      try {
        return await terminal.question(prompt, { signal: standing.signal });
      } catch {
        process.stdout.write('\n');
        return null;
      } finally {
        standing = null;
      }
    },
  };
  return { person: process.stdin.isTTY === true && process.stdout.isTTY === true ? person : null, cancel };
};

const chat = async (flags: ChatFlags): Promise<void> => {
  const [{ openService }, { ask, noteThinking, originNote, overflowNote }, { createAsking, furtherFor }] =
    await Promise.all([import('./open-service.js'), import('./ask.js'), import('./asking.js')]);
  const opened = await openService(flags);
  const { model } = opened;
  const isPerson = process.stdin.isTTY === true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: isPerson });
  const say = (text: string): void => {
    process.stdout.write(text);
  };
  const questions = createQuestions(terminal);
  const asking = createAsking(opened, { person: questions.person, routing: () => routingOf(flags) });
  const opening: ChatMessage[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }];
  let messages = [...opening];
  let running: AbortController | null = null;
  let open = true;
  terminal.on('close', () => {
    open = false;
  });
  terminal.on('SIGINT', () => {
    if (questions.cancel()) return;
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
        asking.chat,
        { model, messages },
        { write: (text) => say(textFor(process.stdout, text)), onThinking: noteThinking, signal: stop.signal },
      );
      messages.push(said.message);
      say(said.overflow ? `${overflowNote(said, furtherFor(opened, said))}\n` : '\n');
      const origin = originNote(said);
      if (origin !== null) noteAside(origin);
    } catch (error) {
      messages.pop();
      say(stop.signal.aborted ? ' (stopped)\n' : '\n');
      if (stop.signal.aborted) return;
      reportError(asking.advise(error));
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
    await opened.close();
  }
};

export const addChatCommand = (program: Command): void => {
  const command = program
    .command('chat')
    .description('talk with a model: on this device, or where the configuration allows it')
    .option('--model <name|path.gguf>', 'the model (default: pocket; with a configuration: auto)')
    .option('--system <text>', 'a system message');
  addEngineFlags(addReachFlags(command)).action(chat);
};
