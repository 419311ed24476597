/**
 * What each layer of a model keeps per token, and what it keeps per sequence: llama.cpp's cache, read off a header.
 *
 * Follows llama_hparams (n_embd_k_gqa, n_embd_v_gqa, n_embd_r, n_embd_s) and the caches that create_memory builds, at
 * the pinned llama.cpp. Counts values, not bytes; knows nothing of how many tokens or sequences there will be.
 */
import {
  cachelessArchitectures,
  hybridArchitectures,
  indexedArchitectures,
  recurrentArchitectures,
  skipsPredictionLayers,
  slidingArchitectures,
} from './cache-architectures.js';
import { type GgufHeader, metadataNumber, metadataPerLayer, metadataText } from './gguf-reader.js';
import { ModelError } from './model-error.js';

export interface CacheLayer {
  /** Values kept per token: keys, values, and the keys of a sparse-attention indexer. 0 where it keeps none. */
  readonly valuesPerToken: number;
  /** The part of them that is attention's values. */
  readonly attentionValues: number;
  /** Sees only the last `windowTokens`. */
  readonly sliding: boolean;
  /** 32-bit floats kept per sequence. */
  readonly stateValues: number;
}

export interface CacheLayout {
  readonly architecture: string;
  readonly layers: readonly CacheLayer[];
  /** 0 without sliding layers. */
  readonly windowTokens: number;
  /** True where nothing is kept between calls, so that a text must be computed in one piece. */
  readonly cacheless: boolean;
  readonly embeddingLength: number;
  /** The widest layer's. */
  readonly heads: number;
  /** Width of the latent vector that stands in the place of keys and values; 0 without latent attention. */
  readonly latentWidth: number;
}

const maximumLayers = 512; // LLAMA_MAX_LAYERS
const maximumWidth = 2 ** 20;

type Numbers = (key: string) => number | null;

const slidingLayers = (
  header: GgufHeader,
  options: { readonly architecture: string; readonly layers: number; readonly number: Numbers },
): { readonly windowTokens: number; readonly flags: readonly boolean[] } => {
  const { architecture, layers, number } = options;
  const none = { windowTokens: 0, flags: new Array<boolean>(layers).fill(false) };
  const rule = slidingArchitectures[architecture];
  if (rule === undefined || (rule.onlyLayers !== undefined && rule.onlyLayers !== layers)) return none;
  const stated = number('attention.sliding_window') ?? rule.defaultWindow ?? 0;
  if (stated <= 0) return none;
  const windowTokens = rule.fixedWindow ?? stated;
  const key = `${architecture}.attention.sliding_window_pattern`;
  const period = metadataNumber(header, key) ?? rule.period;
  const listed = metadataPerLayer(header, key, layers);
  if (
    listed !== null &&
    rule.listed === true &&
    (rule.period === undefined || typeof header.metadata.get(key) === 'object')
  )
    return { windowTokens, flags: listed.map((flag) => flag !== 0) };
  if (rule.period === undefined || period === undefined) return none;
  const sees = (layer: number): boolean =>
    period === 0 || (rule.fullFirst === true ? layer % period !== 0 : layer % period < period - 1);
  return { windowTokens, flags: Array.from({ length: layers }, (_, layer) => sees(layer)) };
};

type LayerKind = 'attention' | 'state' | 'both' | 'neither';

const kindsOf = (
  header: GgufHeader,
  options: { readonly architecture: string; readonly layers: number; readonly kvHeads: readonly number[] },
): readonly LayerKind[] => {
  const { architecture, layers, kvHeads } = options;
  const all = (kind: LayerKind): LayerKind[] => new Array<LayerKind>(layers).fill(kind);
  if (cachelessArchitectures.has(architecture)) return all('neither');
  if (recurrentArchitectures.has(architecture)) return all('state');
  const hybrid = hybridArchitectures[architecture];
  if (hybrid === undefined) return all('attention');
  switch (hybrid.rule) {
    case 'both':
      return all('both');
    case 'no-kv-heads':
      return kvHeads.map((heads) => (heads === 0 ? 'state' : 'attention'));
    case 'and-no-feed-forward': {
      const forward = metadataPerLayer(header, `${architecture}.feed_forward_length`, layers);
      return kvHeads.map((heads, layer) => {
        if ((forward?.[layer] ?? 0) !== 0) return 'neither';
        return heads === 0 ? 'state' : 'attention';
      });
    }
    case 'interval': {
      const listed = metadataPerLayer(header, `${architecture}.attention.recurrent_layers`, layers);
      if (listed !== null) return listed.map((flag) => (flag !== 0 ? 'state' : 'attention'));
      const every = metadataNumber(header, `${architecture}.full_attention_interval`) ?? hybrid.every;
      return kvHeads.map((_, layer) => ((layer + 1) % every === 0 ? 'attention' : 'state'));
    }
    default:
      return hybrid satisfies never;
  }
};

/** Floats that a layer with a state keeps: the convolution's or token shift's last inputs, and the state itself. */
const stateValuesOf = (number: Numbers, width: number, heads: number): number => {
  const wkvHead = number('wkv.head_size') ?? 0;
  if (wkvHead !== 0) return (number('token_shift_count') ?? 2) * width + width * wkvHead;
  const shortConvolution = number('shortconv.l_cache') ?? 0;
  const inner = number('ssm.inner_size') ?? 0;
  const state = number('ssm.state_size') ?? 0;
  const kernel = number('ssm.conv_kernel') ?? 0;
  const kdaHead = number('kda.head_dim') ?? 0;
  if (shortConvolution !== 0) return width * (shortConvolution - 1) + state * inner;
  if (kdaHead !== 0) return 3 * (kernel > 0 ? kernel - 1 : 3) * heads * kdaHead + kdaHead * kdaHead * heads;
  const convolution = Math.max(0, kernel - 1) * (inner + 2 * (number('ssm.group_count') ?? 0) * state);
  return convolution + state * inner;
};

const checkShape = (header: GgufHeader, architecture: string, number: Numbers): { layers: number; width: number } => {
  const layers = number('block_count');
  const width = number('embedding_length');
  const possible = (value: number | null, most: number): value is number =>
    value !== null && Number.isInteger(value) && value >= 1 && value <= most;
  if (!possible(layers, maximumLayers) || !possible(width, maximumWidth))
    throw new ModelError(
      'malformed',
      `Cannot size ${header.path}: ${architecture}.block_count is ${layers} (1 to ${maximumLayers} are possible), embedding_length ${width}.`,
    );
  return { layers, width };
};

/** Throws ModelError `malformed` where the architecture's own numbers are missing or absurd. */
export const cacheLayout = (header: GgufHeader): CacheLayout => {
  const architecture = metadataText(header, 'general.architecture');
  if (architecture === null) throw new ModelError('malformed', `Cannot size ${header.path}: it names no architecture.`);
  const number: Numbers = (key) => metadataNumber(header, `${architecture}.${key}`);
  const { layers, width } = checkShape(header, architecture, number);
  const perLayer = (key: string): readonly number[] | null =>
    metadataPerLayer(header, `${architecture}.${key}`, layers);
  const headCounts = perLayer('attention.head_count') ?? new Array<number>(layers).fill(0);
  const kvHeads = perLayer('attention.head_count_kv') ?? headCounts;
  const heads = headCounts[0] ?? 0;
  const headWidth = heads > 0 ? Math.floor(width / heads) : 0;
  const keyWidth = number('attention.key_length') ?? headWidth;
  const valueWidth = number('attention.value_length') ?? headWidth;
  const slidingKeyWidth = number('attention.key_length_swa') ?? keyWidth;
  const slidingValueWidth = number('attention.value_length_swa') ?? valueWidth;
  // Multi-head latent attention keeps one latent vector, which stands in the place of the keys.
  const latent = (number('attention.key_length_mla') ?? 0) !== 0 && (number('attention.value_length_mla') ?? 0) !== 0;
  const indexKeys = indexedArchitectures.has(architecture) ? (number('attention.indexer.key_length') ?? 0) : 0;
  const unindexed = architecture === 'minimax-m3' ? (number('leading_dense_block_count') ?? 0) : 0;

  const extra = skipsPredictionLayers.has(architecture) ? (number('nextn_predict_layers') ?? 0) : 0;
  const sharing = architecture === 'gemma4' ? (number('attention.shared_kv_layers') ?? 0) : 0;
  const keeping = architecture === 'gemma3n' ? Math.min(20, layers) : layers - extra - sharing;
  const trunk = layers - (number('nextn_predict_layers') ?? 0);
  const sliding = slidingLayers(header, { architecture, layers, number });
  const kinds = kindsOf(header, { architecture, layers, kvHeads });
  const stateValues = stateValuesOf(number, width, heads);

  const plan = kinds.map((kind, layer): CacheLayer => {
    const slides = layer < trunk && sliding.flags[layer] === true;
    const keyHeads = kvHeads[layer] ?? 0;
    const keys = keyHeads * (slides ? slidingKeyWidth : keyWidth);
    const values = latent ? 0 : keyHeads * (slides ? slidingValueWidth : valueWidth);
    const index = indexKeys === 0 || layer < unindexed ? 0 : indexKeys + (latent ? 0 : valueWidth);
    const attends = (kind === 'attention' || kind === 'both') && layer < keeping;
    return {
      valuesPerToken: attends ? keys + values + index : 0,
      attentionValues: attends ? values : 0,
      sliding: slides,
      stateValues: (kind === 'state' || kind === 'both') && layer < trunk ? stateValues : 0,
    };
  });
  const loops = architecture === 'nanbeige' ? Math.max(1, number('num_loops') ?? 1) : 1;
  return {
    architecture,
    layers: Array.from({ length: loops }, () => plan).flat(),
    windowTokens: plan.some((layer) => layer.sliding) ? sliding.windowTokens : 0,
    cacheless: cachelessArchitectures.has(architecture),
    embeddingLength: width,
    heads: Math.max(...headCounts),
    latentWidth: latent ? (number('attention.kv_lora_rank') ?? 0) : 0,
  };
};
