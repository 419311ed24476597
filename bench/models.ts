/**
 * The models that benches run: random weights in real shapes, written once into the temporary folder, so that a bench
 * needs no download. What they say is noise; how long they take to say it is not.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qwen05bShape, type RandomModelShape, writeRandomModel } from '../src/tune/random-model.js';
import { checkout } from './peers.js';

/** Sequences at once -> tokens that each of them decodes in one measurement. */
export type TokensPerSequence = Readonly<Record<1 | 8 | 16 | 32, number>>;

export interface BenchModel {
  readonly label: string;
  readonly path: string;
  readonly vocabularySize: number;
  /** So many that a measurement takes a second at least; few enough that five rounds of both sides end. */
  readonly tokens: TokensPerSequence;
}

const pocketShape: RandomModelShape = {
  architecture: 'llama',
  embeddingLength: 256,
  layers: 6,
  heads: 8,
  kvHeads: 8,
  feedForwardLength: 768,
  vocabularySize: 4096,
  contextLength: 4096,
};

const write = (file: string, shape: RandomModelShape, type: 'Q4_0' | 'Q8_0'): string => {
  const folder = join(tmpdir(), 'spillway-bench');
  const path = join(folder, file);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    writeRandomModel(unfinished, shape, { type, seed: 1, name: file });
    renameSync(unfinished, path);
  }
  return path;
};

/** Qwen2.5-0.5B's shape in Q4_0, 281 MB. */
export const qwenModel = (): BenchModel => ({
  label: 'Qwen2.5-0.5B shape Q4_0',
  path: write('qwen2.5-0.5b-shape-q4_0.gguf', qwen05bShape, 'Q4_0'),
  vocabularySize: qwen05bShape.vocabularySize,
  tokens: { 1: 96, 8: 64, 16: 64, 32: 48 },
});

/** A shape like the embedded model's: 256 wide, 6 layers, Q8_0. */
export const pocketModel = (): BenchModel => ({
  label: 'pocket size Q8_0',
  path: write('pocket-size-q8_0.gguf', pocketShape, 'Q8_0'),
  vocabularySize: pocketShape.vocabularySize,
  tokens: { 1: 1536, 8: 768, 16: 512, 32: 320 },
});

/** The embedded model's file; null in a checkout where it was not made. */
export const embeddedModelPath = (): string | null => {
  const path = join(checkout, 'models', 'pocket', 'pocket.gguf');
  return existsSync(path) ? path : null;
};
