/** Wire sampling fields to the engine's SamplingOptions. Knows no endpoint; absent fields stay the engine's business. */
import type { SamplingOptions } from '../engine/engine.js';
import { compact } from './compact.js';
import { invalidParameter } from './server-error.js';

/** The sampling fields that all generating bodies share. */
export interface SamplingFields {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly repeat_penalty?: number;
  readonly repetition_penalty?: number;
  readonly seed?: number;
  readonly logit_bias?: Readonly<Record<string, number>>;
}

const largestSeed = 0xffff_fffe;

/** Any integer to the 32 bits of llama.cpp's seeds; -1 is its word for random, so it means no seed. */
export const engineSeed = (seed: number | undefined, choice: number): number | undefined => {
  if (seed === undefined || seed === -1) return undefined;
  return Math.min(Number(BigInt.asUintN(32, BigInt(seed) + BigInt(choice))), largestSeed);
};

const logitBiasOf = (bias: Readonly<Record<string, number>>): (readonly [number, number])[] =>
  Object.entries(bias).map(([key, value]) => {
    if (!/^\d{1,10}$/.test(key))
      throw invalidParameter(
        'logit_bias',
        `Invalid key in 'logit_bias': '${key.slice(0, 100)}'. Keys are token ids such as "15339".`,
      );
    return [Number(key), value] as const;
  });

/** Sampling for choice number `choice` (from 0), whose seed is the request's plus that number. */
export const samplingOf = (body: SamplingFields, choice: number): SamplingOptions =>
  compact({
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k === undefined ? undefined : Math.max(body.top_k, 0),
    minP: body.min_p,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    repeatPenalty: body.repeat_penalty ?? body.repetition_penalty,
    seed: engineSeed(body.seed, choice),
    logitBias: body.logit_bias === undefined ? undefined : logitBiasOf(body.logit_bias),
  });
