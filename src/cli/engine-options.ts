/** Flags that every command running a model shares, and their checks. */
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';

export interface EngineFlags {
  readonly parallel?: number;
  readonly context?: number;
  readonly threads?: number;
}

/** A whole number in a range, or a message that says which. */
export const wholeNumber =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high)
      throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    return value;
  };

/** A decimal number in a range, or a message that says which. */
export const decimalNumber =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high))
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    return value;
  };

/** More threads than processors wait for each other by spinning and bring everything to a halt. */
const threadCount = (text: string): number => {
  const wanted = wholeNumber(1, 1024)(text);
  const most = availableParallelism();
  if (wanted > most)
    process.stderr.write(`spillway: --threads ${wanted} is more than this machine has; using ${most}\n`);
  return Math.min(wanted, most);
};

export const collect = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

export const addEngineFlags = (command: Command): Command =>
  command
    .option('--parallel <n>', 'sequences that decode at once', wholeNumber(1, 256))
    .option('--context <n>', 'tokens of prompt and answer that one request may have', wholeNumber(16, 10_000_000))
    .option('--threads <n>', 'threads that compute (default: the cores)', threadCount);
