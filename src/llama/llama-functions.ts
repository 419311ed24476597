/**
 * The C API of llama.h that Spillway uses, one line per function, in the header's own names.
 *
 * Handles (model, context, vocab, sampler, memory) are addresses. Documentation of each function is in llama.h at the
 * pinned release; only what JavaScript changes is said here. Importing `structs.js` registers the struct names used in
 * the prototypes.
 */
import { native } from './native-function.js';
import type { BatchStruct, ContextParams, ModelParams, Pointer, QuantizeParams } from './structs.js';
import './structs.js';

type Handle = Pointer;
type Bytes = Uint8Array;

export const llamaTable = {
  llama_version: native<() => string>('const char *llama_version()'),
  llama_print_system_info: native<() => string>('const char *llama_print_system_info()'),
  llama_model_default_params: native<() => ModelParams>('llama_model_params llama_model_default_params()'),
  llama_context_default_params: native<() => ContextParams>('llama_context_params llama_context_default_params()'),
  llama_model_quantize_default_params: native<() => QuantizeParams>(
    'llama_model_quantize_params llama_model_quantize_default_params()',
  ),
  llama_sampler_chain_default_params: native<() => { no_perf: boolean }>(
    'llama_sampler_chain_params llama_sampler_chain_default_params()',
  ),
  llama_backend_init: native<() => void>('void llama_backend_init()'),
  llama_log_set: native<(callback: Pointer | null, userData: null) => void>(
    'void llama_log_set(void *callback, void *user_data)',
  ),
  llama_max_parallel_sequences: native<() => number>('size_t llama_max_parallel_sequences()'),
  llama_supports_gpu_offload: native<() => boolean>('bool llama_supports_gpu_offload()'),

  llama_model_load_from_file: native<(path: string, params: ModelParams) => Handle | null>(
    'void *llama_model_load_from_file(const char *path, llama_model_params params)',
  ),
  llama_model_save_to_file: native<(model: Handle, path: string) => void>(
    'void llama_model_save_to_file(void *model, const char *path)',
  ),
  llama_model_free: native<(model: Handle) => void>('void llama_model_free(void *model)'),
  llama_model_get_vocab: native<(model: Handle) => Handle>('void *llama_model_get_vocab(void *model)'),
  llama_model_n_ctx_train: native<(model: Handle) => number>('int32_t llama_model_n_ctx_train(void *model)'),
  llama_model_n_embd: native<(model: Handle) => number>('int32_t llama_model_n_embd(void *model)'),
  llama_model_n_embd_out: native<(model: Handle) => number>('int32_t llama_model_n_embd_out(void *model)'),
  llama_model_n_layer: native<(model: Handle) => number>('int32_t llama_model_n_layer(void *model)'),
  llama_model_n_head: native<(model: Handle) => number>('int32_t llama_model_n_head(void *model)'),
  llama_model_n_head_kv: native<(model: Handle) => number>('int32_t llama_model_n_head_kv(void *model)'),
  llama_model_n_swa: native<(model: Handle) => number>('int32_t llama_model_n_swa(void *model)'),
  llama_model_size: native<(model: Handle) => number | bigint>('uint64_t llama_model_size(void *model)'),
  llama_model_n_params: native<(model: Handle) => number | bigint>('uint64_t llama_model_n_params(void *model)'),
  llama_model_has_encoder: native<(model: Handle) => boolean>('bool llama_model_has_encoder(void *model)'),
  llama_model_has_decoder: native<(model: Handle) => boolean>('bool llama_model_has_decoder(void *model)'),
  llama_model_is_recurrent: native<(model: Handle) => boolean>('bool llama_model_is_recurrent(void *model)'),
  llama_model_is_hybrid: native<(model: Handle) => boolean>('bool llama_model_is_hybrid(void *model)'),
  llama_model_is_diffusion: native<(model: Handle) => boolean>('bool llama_model_is_diffusion(void *model)'),
  llama_model_decoder_start_token: native<(model: Handle) => number>(
    'int32_t llama_model_decoder_start_token(void *model)',
  ),
  llama_model_chat_template: native<(model: Handle, name: string | null) => string | null>(
    'const char *llama_model_chat_template(void *model, const char *name)',
  ),
  /** Length of the text without the final NUL, which is written too; -1 when the key is absent. */
  llama_model_meta_val_str: native<(model: Handle, key: string, buffer: Bytes, size: number) => number>(
    'int32_t llama_model_meta_val_str(void *model, const char *key, uint8_t *buf, size_t size)',
  ),
  llama_model_meta_count: native<(model: Handle) => number>('int32_t llama_model_meta_count(void *model)'),
  llama_model_meta_key_by_index: native<(model: Handle, index: number, buffer: Bytes, size: number) => number>(
    'int32_t llama_model_meta_key_by_index(void *model, int32_t i, uint8_t *buf, size_t size)',
  ),
  llama_model_meta_val_str_by_index: native<(model: Handle, index: number, buffer: Bytes, size: number) => number>(
    'int32_t llama_model_meta_val_str_by_index(void *model, int32_t i, uint8_t *buf, size_t size)',
  ),
  llama_model_desc: native<(model: Handle, buffer: Bytes, size: number) => number>(
    'int32_t llama_model_desc(void *model, uint8_t *buf, size_t size)',
  ),
  /** 0 on success. */
  llama_model_quantize: native<(input: string, output: string, params: QuantizeParams) => number>(
    'uint32_t llama_model_quantize(const char *input, const char *output, const llama_model_quantize_params *params)',
  ),

  llama_init_from_model: native<(model: Handle, params: ContextParams) => Handle | null>(
    'void *llama_init_from_model(void *model, llama_context_params params)',
  ),
  llama_free: native<(context: Handle) => void>('void llama_free(void *ctx)'),
  llama_n_ctx: native<(context: Handle) => number>('uint32_t llama_n_ctx(void *ctx)'),
  llama_n_ctx_seq: native<(context: Handle) => number>('uint32_t llama_n_ctx_seq(void *ctx)'),
  llama_n_batch: native<(context: Handle) => number>('uint32_t llama_n_batch(void *ctx)'),
  llama_n_ubatch: native<(context: Handle) => number>('uint32_t llama_n_ubatch(void *ctx)'),
  llama_n_seq_max: native<(context: Handle) => number>('uint32_t llama_n_seq_max(void *ctx)'),
  llama_pooling_type: native<(context: Handle) => number>('int32_t llama_pooling_type(void *ctx)'),
  llama_get_memory: native<(context: Handle) => Handle>('void *llama_get_memory(void *ctx)'),
  llama_set_n_threads: native<(context: Handle, threads: number, batchThreads: number) => void>(
    'void llama_set_n_threads(void *ctx, int32_t n_threads, int32_t n_threads_batch)',
  ),
  llama_set_embeddings: native<(context: Handle, on: boolean) => void>(
    'void llama_set_embeddings(void *ctx, bool embeddings)',
  ),
  llama_set_causal_attn: native<(context: Handle, on: boolean) => void>(
    'void llama_set_causal_attn(void *ctx, bool causal_attn)',
  ),
  llama_set_abort_callback: native<(context: Handle, callback: Pointer | null, userData: Pointer | null) => void>(
    'void llama_set_abort_callback(void *ctx, void *callback, void *user_data)',
  ),
  llama_attach_threadpool: native<(context: Handle, pool: Pointer, batchPool: Pointer) => void>(
    'void llama_attach_threadpool(void *ctx, void *threadpool, void *threadpool_batch)',
  ),
  llama_synchronize: native<(context: Handle) => void>('void llama_synchronize(void *ctx)'),
  /** 0 success, 1 no KV slot, 2 aborted, -1 invalid batch, below that fatal. */
  llama_decode: native<(context: Handle, batch: BatchStruct) => number>(
    'int32_t llama_decode(void *ctx, llama_batch batch)',
  ),
  llama_encode: native<(context: Handle, batch: BatchStruct) => number>(
    'int32_t llama_encode(void *ctx, llama_batch batch)',
  ),
  llama_get_logits: native<(context: Handle) => Pointer | null>('void *llama_get_logits(void *ctx)'),
  llama_get_logits_ith: native<(context: Handle, index: number) => Pointer | null>(
    'void *llama_get_logits_ith(void *ctx, int32_t i)',
  ),
  llama_get_embeddings: native<(context: Handle) => Pointer | null>('void *llama_get_embeddings(void *ctx)'),
  llama_get_embeddings_ith: native<(context: Handle, index: number) => Pointer | null>(
    'void *llama_get_embeddings_ith(void *ctx, int32_t i)',
  ),
  llama_get_embeddings_seq: native<(context: Handle, sequence: number) => Pointer | null>(
    'void *llama_get_embeddings_seq(void *ctx, int32_t seq_id)',
  ),
  /** Backend samplers: the token sampled inside the graph, or -1. */
  llama_get_sampled_token_ith: native<(context: Handle, index: number) => number>(
    'int32_t llama_get_sampled_token_ith(void *ctx, int32_t i)',
  ),
  llama_set_sampler: native<(context: Handle, sequence: number, sampler: Handle | null) => boolean>(
    'bool llama_set_sampler(void *ctx, int32_t seq_id, void *smpl)',
  ),

  llama_memory_clear: native<(memory: Handle, data: boolean) => void>('void llama_memory_clear(void *mem, bool data)'),
  llama_memory_seq_rm: native<(memory: Handle, sequence: number, from: number, to: number) => boolean>(
    'bool llama_memory_seq_rm(void *mem, int32_t seq_id, int32_t p0, int32_t p1)',
  ),
  llama_memory_seq_cp: native<(memory: Handle, source: number, target: number, from: number, to: number) => void>(
    'void llama_memory_seq_cp(void *mem, int32_t src, int32_t dst, int32_t p0, int32_t p1)',
  ),
  llama_memory_seq_keep: native<(memory: Handle, sequence: number) => void>(
    'void llama_memory_seq_keep(void *mem, int32_t seq_id)',
  ),
  llama_memory_seq_add: native<(memory: Handle, sequence: number, from: number, to: number, delta: number) => void>(
    'void llama_memory_seq_add(void *mem, int32_t seq_id, int32_t p0, int32_t p1, int32_t delta)',
  ),
  llama_memory_seq_pos_min: native<(memory: Handle, sequence: number) => number>(
    'int32_t llama_memory_seq_pos_min(void *mem, int32_t seq_id)',
  ),
  llama_memory_seq_pos_max: native<(memory: Handle, sequence: number) => number>(
    'int32_t llama_memory_seq_pos_max(void *mem, int32_t seq_id)',
  ),
  llama_memory_can_shift: native<(memory: Handle) => boolean>('bool llama_memory_can_shift(void *mem)'),
  llama_state_seq_get_size: native<(context: Handle, sequence: number) => number>(
    'size_t llama_state_seq_get_size(void *ctx, int32_t seq_id)',
  ),
  llama_state_seq_get_data: native<(context: Handle, target: Bytes, size: number, sequence: number) => number>(
    'size_t llama_state_seq_get_data(void *ctx, uint8_t *dst, size_t size, int32_t seq_id)',
  ),
  llama_state_seq_set_data: native<(context: Handle, source: Bytes, size: number, sequence: number) => number>(
    'size_t llama_state_seq_set_data(void *ctx, const uint8_t *src, size_t size, int32_t seq_id)',
  ),

  llama_vocab_n_tokens: native<(vocab: Handle) => number>('int32_t llama_vocab_n_tokens(void *vocab)'),
  llama_vocab_type: native<(vocab: Handle) => number>('int32_t llama_vocab_type(void *vocab)'),
  llama_vocab_get_text: native<(vocab: Handle, token: number) => string>(
    'const char *llama_vocab_get_text(void *vocab, int32_t token)',
  ),
  llama_vocab_get_attr: native<(vocab: Handle, token: number) => number>(
    'int32_t llama_vocab_get_attr(void *vocab, int32_t token)',
  ),
  llama_vocab_is_eog: native<(vocab: Handle, token: number) => boolean>(
    'bool llama_vocab_is_eog(void *vocab, int32_t token)',
  ),
  llama_vocab_is_control: native<(vocab: Handle, token: number) => boolean>(
    'bool llama_vocab_is_control(void *vocab, int32_t token)',
  ),
  llama_vocab_bos: native<(vocab: Handle) => number>('int32_t llama_vocab_bos(void *vocab)'),
  llama_vocab_eos: native<(vocab: Handle) => number>('int32_t llama_vocab_eos(void *vocab)'),
  llama_vocab_eot: native<(vocab: Handle) => number>('int32_t llama_vocab_eot(void *vocab)'),
  llama_vocab_get_add_bos: native<(vocab: Handle) => boolean>('bool llama_vocab_get_add_bos(void *vocab)'),
  llama_vocab_get_add_eos: native<(vocab: Handle) => boolean>('bool llama_vocab_get_add_eos(void *vocab)'),
  /** Count written, or minus the count needed when `capacity` is too small. */
  llama_tokenize: native<
    (
      vocab: Handle,
      text: Bytes,
      textBytes: number,
      tokens: Int32Array,
      capacity: number,
      addSpecial: boolean,
      parseSpecial: boolean,
    ) => number
  >(
    'int32_t llama_tokenize(void *vocab, const uint8_t *text, int32_t len, int32_t *tokens, int32_t max, bool add_special, bool parse_special)',
  ),
  /** Bytes written, or minus the bytes needed. */
  llama_token_to_piece: native<
    (vocab: Handle, token: number, buffer: Bytes, size: number, leftStrip: number, special: boolean) => number
  >(
    'int32_t llama_token_to_piece(void *vocab, int32_t token, uint8_t *buf, int32_t length, int32_t lstrip, bool special)',
  ),
  llama_detokenize: native<
    (
      vocab: Handle,
      tokens: Int32Array,
      count: number,
      buffer: Bytes,
      size: number,
      removeSpecial: boolean,
      unparseSpecial: boolean,
    ) => number
  >(
    'int32_t llama_detokenize(void *vocab, const int32_t *tokens, int32_t n, uint8_t *text, int32_t max, bool remove_special, bool unparse_special)',
  ),

  llama_sampler_chain_init: native<(params: { no_perf: boolean }) => Handle>(
    'void *llama_sampler_chain_init(llama_sampler_chain_params params)',
  ),
  llama_sampler_chain_add: native<(chain: Handle, sampler: Handle) => void>(
    'void llama_sampler_chain_add(void *chain, void *smpl)',
  ),
  llama_sampler_sample: native<(sampler: Handle, context: Handle, index: number) => number>(
    'int32_t llama_sampler_sample(void *smpl, void *ctx, int32_t idx)',
  ),
  /** `candidates` is the address of a `llama_token_data_array`; rejected ones get the logit -Infinity. */
  llama_sampler_apply: native<(sampler: Handle, candidates: Pointer) => void>(
    'void llama_sampler_apply(void *smpl, void *cur_p)',
  ),
  llama_sampler_accept: native<(sampler: Handle, token: number) => void>(
    'void llama_sampler_accept(void *smpl, int32_t token)',
  ),
  llama_sampler_reset: native<(sampler: Handle) => void>('void llama_sampler_reset(void *smpl)'),
  llama_sampler_clone: native<(sampler: Handle) => Handle>('void *llama_sampler_clone(void *smpl)'),
  llama_sampler_free: native<(sampler: Handle) => void>('void llama_sampler_free(void *smpl)'),
  llama_sampler_init_greedy: native<() => Handle>('void *llama_sampler_init_greedy()'),
  llama_sampler_init_dist: native<(seed: number) => Handle>('void *llama_sampler_init_dist(uint32_t seed)'),
  llama_sampler_init_top_k: native<(k: number) => Handle>('void *llama_sampler_init_top_k(int32_t k)'),
  llama_sampler_init_top_p: native<(p: number, minKeep: number) => Handle>(
    'void *llama_sampler_init_top_p(float p, size_t min_keep)',
  ),
  llama_sampler_init_min_p: native<(p: number, minKeep: number) => Handle>(
    'void *llama_sampler_init_min_p(float p, size_t min_keep)',
  ),
  llama_sampler_init_temp: native<(temperature: number) => Handle>('void *llama_sampler_init_temp(float t)'),
  llama_sampler_init_penalties: native<
    (vocabularySize: number, lastN: number, repeat: number, frequency: number, presence: number) => Handle
  >('void *llama_sampler_init_penalties(int32_t n_vocab, int32_t last_n, float repeat, float freq, float present)'),
  /** `bias` is an array of {int32 token, float bias}, 8 bytes each. */
  llama_sampler_init_logit_bias: native<(vocabularySize: number, count: number, bias: Bytes) => Handle>(
    'void *llama_sampler_init_logit_bias(int32_t n_vocab, int32_t n, const uint8_t *bias)',
  ),
  /** null when the grammar does not parse. */
  llama_sampler_init_grammar: native<(vocab: Handle, grammar: string, root: string) => Handle | null>(
    'void *llama_sampler_init_grammar(void *vocab, const char *grammar, const char *root)',
  ),
  llama_sampler_init_grammar_lazy_patterns: native<
    (
      vocab: Handle,
      grammar: string,
      root: string,
      patterns: readonly string[],
      patternCount: number,
      tokens: Int32Array | null,
      tokenCount: number,
    ) => Handle | null
  >(
    'void *llama_sampler_init_grammar_lazy_patterns(void *vocab, const char *grammar, const char *root, const char **patterns, size_t n_patterns, const int32_t *tokens, size_t n_tokens)',
  ),
  llama_sampler_init_top_n_sigma: native<(n: number) => Handle>('void *llama_sampler_init_top_n_sigma(float n)'),

  llama_adapter_lora_init: native<(model: Handle, path: string) => Handle | null>(
    'void *llama_adapter_lora_init(void *model, const char *path)',
  ),
  llama_adapter_lora_free: native<(adapter: Handle) => void>('void llama_adapter_lora_free(void *adapter)'),
  /** 0 on success; replaces the set of adapters of the context. */
  llama_set_adapters_lora: native<
    (context: Handle, adapters: BigUint64Array | null, count: number, scales: Float32Array | null) => number
  >('int32_t llama_set_adapters_lora(void *ctx, void *adapters, size_t n, float *scales)'),
};
