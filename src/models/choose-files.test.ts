/** Which file of a listing is meant, from what repositories really look like. */
import { describe, expect, it } from 'vitest';
import { chooseFiles, type HubFile } from './choose-files.js';
import { ModelError } from './model-error.js';
import { labelMatch, labelRank, quantLabel } from './quant-label.js';

const files = (...paths: string[]): HubFile[] => paths.map((path) => ({ path, bytes: 1, sha256: null, gitOid: null }));
const choose = (paths: readonly string[], wish?: string): string[] =>
  chooseFiles(files(...paths), 'org/repo', wish).map(({ path }) => path);

describe('quantLabel', () => {
  it.each([
    ['Qwen2.5-7B-Instruct-Q4_K_M.gguf', 'Q4_K_M'],
    ['qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf', 'Q4_K_M'],
    ['model.Q8_0.gguf', 'Q8_0'],
    ['Llama-3.2-1B-Instruct-UD-IQ1_S.gguf', 'UD-IQ1_S'],
    ['gpt-oss-20b-MXFP4.gguf', 'MXFP4'],
    ['Phi-3-mini-4k-instruct-q4.gguf', 'Q4'],
    ['Phi-3-mini-4k-instruct-fp16.gguf', 'F16'],
    ['model-bf16.gguf', 'BF16'],
    ['bitnet-TQ1_0.gguf', 'TQ1_0'],
    ['Q6_K/model-00001-of-00003.gguf', 'Q6_K'],
    ['Q6_K/model-Q4_0.gguf', 'Q4_0'],
    ['Q4_0_4_4.gguf', 'Q4_0_4_4'],
    ['Qwen3-8B.gguf', null],
    ['model.gguf', null],
  ])('of %s is %s', (path, label) => {
    expect(quantLabel(path)).toBe(label);
  });

  it('answers a wish exactly, with a variant, or not', () => {
    expect(labelMatch('Q4_K_M', 'q4_k_m')).toBe(0);
    expect(labelMatch('F16', 'fp16')).toBe(0);
    expect(labelMatch('Q4_K_M', 'Q4_K')).toBe(1);
    expect(labelMatch('UD-Q4_K_XL', 'Q4_K_XL')).toBe(1);
    expect(labelMatch('BF16', 'F16')).toBeNull();
    expect(labelMatch('IQ4_XS', 'Q4')).toBeNull();
    expect(labelMatch(null, 'Q4_0')).toBeNull();
  });

  it('ranks plain labels before variants before none', () => {
    const ranked = ['Q4_K_M', 'Q4_0', 'F16', 'UD-Q4_K_M', 'IQ1_S', null].map(labelRank);
    expect(ranked).toStrictEqual([...ranked].sort((a, b) => a - b));
  });
});

describe('chooseFiles', () => {
  const usual = ['README.md', 'm-Q8_0.gguf', 'm-Q4_K_M.gguf', 'm-Q4_K_S.gguf', 'm-f16.gguf', 'mmproj-m-Q4_K_M.gguf'];

  it('takes Q4_K_M unless told otherwise', () => {
    expect(choose(usual)).toStrictEqual(['m-Q4_K_M.gguf']);
    expect(choose(usual, 'q8_0')).toStrictEqual(['m-Q8_0.gguf']);
    expect(choose(usual, 'FP16')).toStrictEqual(['m-f16.gguf']);
    expect(choose(usual, 'm-q4_k_s.gguf')).toStrictEqual(['m-Q4_K_S.gguf']);
  });

  it('takes the best variant of a family, and prefers the exact one', () => {
    expect(choose(usual, 'Q4_K')).toStrictEqual(['m-Q4_K_M.gguf']);
    expect(choose(['m-Q4_0_4_4.gguf', 'm-Q4_0.gguf', 'm-Q4_0_8_8.gguf'], 'Q4_0')).toStrictEqual(['m-Q4_0.gguf']);
    expect(choose(['m-Q4_K_M.gguf', 'm-Q4_K.gguf'], 'Q4_K')).toStrictEqual(['m-Q4_K.gguf']);
    expect(choose(['m-UD-Q4_K_XL.gguf', 'm-Q4_K_M.gguf'])).toStrictEqual(['m-Q4_K_M.gguf']);
  });

  it('takes what there is where nothing preferred is', () => {
    expect(choose(['m-IQ1_M.gguf'])).toStrictEqual(['m-IQ1_M.gguf']);
    expect(choose(['only.gguf', 'imatrix.gguf', 'mmproj-F16.gguf'])).toStrictEqual(['only.gguf']);
    expect(choose(['m-Q6_K.gguf', 'm-Q3_K_S.gguf'])).toStrictEqual(['m-Q6_K.gguf']);
  });

  it('takes all shards in order, and one file rather than shards of the same', () => {
    const shards = ['q/m-Q4_0-00002-of-00003.gguf', 'q/m-Q4_0-00001-of-00003.gguf', 'q/m-Q4_0-00003-of-00003.gguf'];
    expect(choose(shards)).toStrictEqual([...shards].sort());
    expect(choose([...shards, 'm-Q4_0.gguf'])).toStrictEqual(['m-Q4_0.gguf']);
    expect(choose(shards, 'm-Q4_0-00002-of-00003.gguf')).toStrictEqual([...shards].sort());
  });

  const refusal = (paths: readonly string[], wish?: string): ModelError => {
    try {
      choose(paths, wish);
    } catch (error) {
      if (error instanceof ModelError) return error;
      throw error;
    }
    throw new Error('Nothing was refused.');
  };

  it('names what there is when the wish is not there', () => {
    const error = refusal(usual, 'Q2_K');
    expect(error.code).toBe('not-found');
    expect(error.message).toBe('Cannot pull org/repo:Q2_K: it has Q4_K_M, Q4_K_S, Q8_0, F16.');
    expect(refusal(['mmproj-F16.gguf', 'model.safetensors']).message).toMatch(/has no \.gguf file/);
    expect(refusal(['m-Q4_0-00001-of-00002.gguf']).message).toMatch(/has 1 of its 2 shards/);
  });

  it('asks which of several models is meant', () => {
    const error = refusal(['small-Q4_K_M.gguf', 'large-Q4_K_M.gguf']);
    expect(error.code).toBe('ambiguous');
    expect(error.message).toMatch(/org\/repo:large-Q4_K_M\.gguf, org\/repo:small-Q4_K_M\.gguf/);
    expect(choose(['small-Q4_K_M.gguf', 'large-Q4_K_M.gguf'], 'small-q4_k_m.gguf')).toStrictEqual([
      'small-Q4_K_M.gguf',
    ]);
  });
});
