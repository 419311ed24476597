/**
 * Checks a request before it goes to the host, and puts it into the host's words.
 *
 * Only what can be told without the model: ranges, shapes. Messages say the field, the value and what it must be.
 */
import type { EmbedRequest, GenerateRequest, SamplingOptions } from './engine.js';
import { EngineError } from './engine-error.js';
import type { WireEmbed, WireGenerate, WireSampling } from './host/protocol.js';

const refuse = (what: string, value: unknown, must: string): never => {
  throw new EngineError('invalid-request', `Cannot run the request: ${what} is ${String(value)}, it must be ${must}`, {
    details: { field: what },
  });
};

type Range = readonly [low: number, high: number, must: string];

const ranges: Readonly<Record<Exclude<keyof SamplingOptions, 'logitBias'>, Range>> = {
  temperature: [0, 1e6, 'a number from 0 on'],
  topP: [0, 1, 'a number from 0 to 1'],
  topK: [0, 2 ** 31 - 1, 'a whole number from 0 on'],
  minP: [0, 1, 'a number from 0 to 1'],
  presencePenalty: [-1e6, 1e6, 'a number'],
  frequencyPenalty: [-1e6, 1e6, 'a number'],
  repeatPenalty: [1e-6, 1e6, 'a number above 0'],
  seed: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'a whole number'],
};
const wholeNumbers: ReadonlySet<string> = new Set(['topK', 'seed']);

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

const checkSampling = (sampling: SamplingOptions): WireSampling => {
  for (const [name, [low, high, must]] of Object.entries(ranges)) {
    const value = sampling[name as keyof typeof ranges];
    if (value === undefined) continue;
    const whole = !wholeNumbers.has(name) || isWhole(value);
    if (typeof value !== 'number' || !(value >= low && value <= high) || !whole) refuse(name, value, must);
  }
  const { logitBias, ...rest } = sampling;
  if (logitBias === undefined) return rest;
  const wired = logitBias.map(([token, bias]) => {
    if (!isWhole(token) || token < 0) refuse('logitBias', token, 'of token ids');
    if (typeof bias !== 'number' || Number.isNaN(bias) || bias === Infinity)
      refuse('logitBias', bias, 'a finite number or -Infinity');
    return [token, bias === -Infinity ? null : bias] as const;
  });
  return { ...rest, logitBias: wired };
};

const checkDeadline = (deadlineMs: number | undefined): number | null => {
  if (deadlineMs === undefined) return null;
  if (!Number.isFinite(deadlineMs) || deadlineMs <= 0) refuse('deadlineMs', deadlineMs, 'a number above 0');
  return deadlineMs;
};

const checkTexts = (name: string, texts: readonly unknown[]): void => {
  for (const text of texts) if (typeof text !== 'string') refuse(name, text, 'a list of strings');
};

/** Throws EngineError `invalid-request` or `invalid-grammar`. `submittedMs`: milliseconds since 1970. */
export const checkGenerate = (request: GenerateRequest, submittedMs: number): WireGenerate => {
  const { maxTokens, logprobs, grammar, stop = [], firstTokenLogprobsOf } = request;
  if (maxTokens !== undefined && (!isWhole(maxTokens) || maxTokens < 0))
    refuse('maxTokens', maxTokens, 'a whole number from 0 on');
  if (logprobs !== undefined && (!isWhole(logprobs) || logprobs < 0 || logprobs > 20))
    refuse('logprobs', logprobs, 'a whole number from 0 to 20');
  checkTexts('stop', stop);
  if (grammar !== undefined) {
    if (typeof grammar.gbnf !== 'string' || grammar.gbnf.trim() === '' || grammar.gbnf.includes('\0'))
      throw new EngineError('invalid-grammar', 'Cannot use the grammar: it has no rules, or a NUL in them');
    checkTexts('grammar.lazyTriggers', grammar.lazyTriggers ?? []);
  }
  return {
    prompt: request.prompt,
    sampling: checkSampling(request.sampling ?? {}),
    grammar: grammar ?? null,
    stop,
    maxTokens: maxTokens ?? null,
    logprobs: logprobs ?? null,
    firstTokenLogprobsOf: firstTokenLogprobsOf ?? null,
    renderSpecial: request.renderSpecial ?? false,
    ignoreEos: request.ignoreEos ?? false,
    cacheScope: request.cacheScope ?? '',
    client: request.client ?? '',
    deadlineMs: checkDeadline(request.deadlineMs),
    submittedMs,
  };
};

export const checkEmbed = (request: EmbedRequest, submittedMs: number): WireEmbed => ({
  inputs: request.inputs,
  deadlineMs: checkDeadline(request.deadlineMs),
  submittedMs,
});
