/**
 * A question to whoever sits at the terminal, for commands that read nothing else from it.
 *
 * Ctrl+C, Ctrl+D and a terminal that goes away are no answer. Neither is what was typed before the question was there.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';

export interface Questioner {
  readonly columns: number;
  readonly rows: number;
  say(text: string): void;
  /** What was typed until Enter; null for no answer. */
  question(prompt: string): Promise<string | null>;
}

/** Time for what the terminal holds already to arrive. */
const settleMs = 50;
const interrupt = 0x03;

/** Throws away what was typed so far; false where Ctrl+C was among it. */
const dropTyped = async (input: ReadStream): Promise<boolean> => {
  let isInterrupted = false;
  const drop = (bytes: Buffer): void => {
    isInterrupted ||= bytes.includes(interrupt);
  };
  input.setRawMode(true);
  input.on('data', drop);
  await pause(settleMs);
  input.off('data', drop);
  input.pause();
  input.setRawMode(false);
  return !isInterrupted;
};

const readAnswer = (prompt: string, streams: { readonly input: ReadStream; readonly output: WriteStream }) =>
  new Promise<string | null>((resolve) => {
    const line = createInterface({ ...streams, terminal: true, historySize: 0 });
    const end = (answer: string | null): void => {
      resolve(answer);
      line.close();
    };
    line.once('SIGINT', () => {
      streams.output.write('^C');
      end(null);
    });
    line.once('close', () => end(null));
    line.question(prompt, end);
  });

/** Null where one of the two is no terminal: then nobody can be asked. */
export const openQuestioner = (
  input: ReadStream = process.stdin,
  output: WriteStream = process.stderr as WriteStream,
): Questioner | null => {
  if (input.isTTY !== true || output.isTTY !== true) return null;
  return {
    get columns() {
      return output.columns || 80;
    },
    get rows() {
      return output.rows || 24;
    },
    say: (text) => void output.write(text),
    async question(prompt) {
      const answer = (await dropTyped(input)) ? await readAnswer(prompt, { input, output }) : null;
      if (answer === null) output.write('\n');
      return answer;
    },
  };
};
