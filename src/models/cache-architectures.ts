/**
 * What llama.cpp's cache does differently from one architecture to the next, as data.
 *
 * Source: llama_model::create_memory and each load_arch_hparams of the pinned llama.cpp. An architecture that is not
 * named here keeps keys and values of every layer for every token.
 */

/** No cache at all: encoders, and diffusion models, which read the whole text in each step. */
export const cachelessArchitectures: ReadonlySet<string> = new Set([
  'bert',
  'jina-bert-v2',
  'jina-bert-v3',
  'nomic-bert',
  'nomic-bert-moe',
  'neo-bert',
  'eurobert',
  'modern-bert',
  'gemma-embedding',
  'wavtokenizer-dec',
  'dream',
  'llada',
  'llada-moe',
  'rnd1',
]);

/** Only a state of fixed size in each layer. */
export const recurrentArchitectures: ReadonlySet<string> = new Set([
  'mamba',
  'mamba2',
  'rwkv6',
  'rwkv6qwen2',
  'rwkv7',
  'arwkv7',
]);

/**
 * Layers with a state beside layers with keys and values. `no-kv-heads`: a layer without KV heads has a state;
 * `and-no-feed-forward`: one without a feed-forward part either, and layers with one have nothing; `interval`: all but
 * every n-th layer, unless the file lists them; `both`: each layer has both.
 */
export const hybridArchitectures: Readonly<
  Record<
    string,
    | { readonly rule: 'no-kv-heads' | 'and-no-feed-forward' | 'both' }
    | { readonly rule: 'interval'; readonly every: number }
  >
> = {
  jamba: { rule: 'no-kv-heads' },
  plamo2: { rule: 'no-kv-heads' },
  granitehybrid: { rule: 'no-kv-heads' },
  lfm2: { rule: 'no-kv-heads' },
  lfm2moe: { rule: 'no-kv-heads' },
  'kimi-linear': { rule: 'no-kv-heads' },
  'kimi-k3': { rule: 'no-kv-heads' },
  bailingmoe3: { rule: 'no-kv-heads' },
  nemotron_h: { rule: 'and-no-feed-forward' },
  nemotron_h_moe: { rule: 'and-no-feed-forward' },
  'falcon-h1': { rule: 'both' },
  qwen3next: { rule: 'interval', every: 4 },
  qwen35: { rule: 'interval', every: 4 },
  qwen35moe: { rule: 'interval', every: 4 },
  qwen4exp: { rule: 'interval', every: 4 },
  'minimax-01': { rule: 'interval', every: 8 },
};

export interface SlidingRule {
  /** Every n-th layer sees everything, the others a window; absent where the file lists the layers. */
  readonly period?: number;
  /** The first of each period sees everything, rather than the last. */
  readonly fullFirst?: boolean;
  /** The file may list the layers in place of the period. */
  readonly listed?: boolean;
  /** Window where the file names none; without it such a file has no sliding layers. */
  readonly defaultWindow?: number;
  /** Window whatever the file says (where it says more than 0). */
  readonly fixedWindow?: number;
  /** Only models of this many layers. */
  readonly onlyLayers?: number;
}

/** Layers that see a sliding window. Period 0: all of them. */
export const slidingArchitectures: Readonly<Record<string, SlidingRule>> = {
  gemma2: { period: 2, defaultWindow: 4096 },
  gemma3: { period: 6 },
  gemma3n: { period: 5 },
  gemma4: { listed: true },
  'gemma4-assistant': { listed: true },
  cohere2: { period: 4 },
  cohere2moe: { period: 4, fullFirst: true, listed: true },
  'gpt-oss': { period: 2 },
  olmo2: { period: 4 },
  llama4: { period: 4, defaultWindow: 8192, fixedWindow: 8192 },
  exaone4: { period: 4, defaultWindow: 4096, onlyLayers: 64 },
  'exaone-moe': { period: 4, defaultWindow: 128 },
  afmoe: { period: 4 },
  laguna: { period: 4, fullFirst: true },
  mellum: { period: 4, listed: true },
  'muse-glimmer': { period: 4, listed: true },
  plamo3: { period: 8 },
  smallthinker: { period: 4, fullFirst: true, fixedWindow: 4096 },
  granite_swa: { listed: true },
  step35: { listed: true },
  mimo2: { listed: true },
  dots3note: { listed: true },
  lfm2: { period: 0 },
};

/** Keep no cache for the extra layers that predict further tokens (`nextn_predict_layers`, at the end). */
export const skipsPredictionLayers: ReadonlySet<string> = new Set([
  'step35',
  'hy_v3',
  'glm-dsa',
  'mimo2',
  'deepseek32',
  'dots3note',
  'qwen3next',
  'qwen35',
  'qwen35moe',
  'qwen4exp',
  'minimax-01',
]);

/** Keep the keys of a sparse-attention indexer (`attention.indexer.key_length`) in a second cache. */
export const indexedArchitectures: ReadonlySet<string> = new Set([
  'deepseek32',
  'glm-dsa',
  'dots3note',
  'minimax-m3',
  'qwen4exp',
]);
