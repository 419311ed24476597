/**
 * The flags that say what is asked, how far it may go and what it may cost. The same words and flags make the same request
 * in every command, so that what `route explain` shows is what `run` sends.
 */
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Reach, tiersByDistance } from '../route/reach.js';
import type { ChatMessage, ChatRequest, RoutingOptions } from '../tiers/tier.js';
import { decimalNumber, wholeNumber } from './engine-options.js';
import { usdAmount } from './ledger-flags.js';

export interface PromptFlags {
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly seed?: number;
}

export interface ReachFlags {
  readonly config?: string;
  readonly reach?: Reach;
  readonly app?: string;
  /** Whole nanodollars. */
  readonly maxCostUsd?: number;
}

export const addPromptFlags = (command: Command): Command =>
  command
    .option('--system <text>', 'a system message')
    .option('--max-tokens <n>', 'longest answer', wholeNumber(1, 1_000_000))
    .option(
      '--temperature <t>',
      'sampling temperature, 0 to 2; 0 always takes the likeliest token',
      decimalNumber(0, 2),
    )
    .option('--seed <n>', 'seed of the sampling', wholeNumber(0, 2 ** 32 - 1));

export const addReachFlags = (command: Command): Command =>
  command
    .option('--config <file>', 'the configuration (default: spillway.config.* in this folder, if there is one)')
    .addOption(
      new Option('--reach <tier>', "the furthest tier that may answer (default: the policy's)").choices([
        ...tiersByDistance,
      ]),
    )
    .option('--app <name>', 'the app that asks, for its rules and budget')
    .option('--max-cost-usd <amount>', 'the most that one request may cost', usdAmount);

/** SHA-256 in hexadecimal digits, as `route explain` shows it. */
export const contentHash = (text: string): string => {
  const hash = /^(?:sha256[: ])?([0-9a-f]{64})$/i.exec(text)?.[1];
  if (hash === undefined)
    throw new InvalidArgumentError('It must be the SHA-256 that `spillway route explain` shows, 64 digits.');
  return hash.toLowerCase();
};

/** The words themselves, or those of standard input for `-`; fails where there are none. */
export const readPrompt = async (prompt: string, command: Command): Promise<string> => {
  let words = prompt;
  if (prompt === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    words = Buffer.concat(chunks).toString('utf8');
  }
  if (words.trim() === '') command.error('error: the prompt is empty');
  return words;
};

/** For one question; the model is the caller's to say. */
export const promptOf = (words: string, flags: PromptFlags): Omit<ChatRequest, 'model'> => {
  const { system, maxTokens, temperature, seed } = flags;
  const messages: ChatMessage[] = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user', content: words },
  ];
  return {
    messages,
    ...(maxTokens === undefined ? {} : { maxTokens }),
    sampling: {
      ...(temperature === undefined ? {} : { temperature }),
      ...(seed === undefined ? {} : { seed }),
    },
  };
};

export const routingOf = ({ reach, app, maxCostUsd }: ReachFlags): RoutingOptions => ({
  requestId: `req_${randomUUID().replaceAll('-', '')}`,
  ...(reach === undefined ? {} : { reach }),
  ...(app === undefined ? {} : { app }),
  ...(maxCostUsd === undefined ? {} : { maxCostNanoUsd: maxCostUsd }),
});
