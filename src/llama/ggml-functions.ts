/**
 * The C API of ggml that Spillway uses (tensors, graph operations, backends), in the header's own names.
 *
 * Three libraries hold it: the registry of backends (libggml), tensors and graphs (libggml-base), and what a backend
 * hands out by name (`ggml_backend_set_n_threads`). Shapes follow ggml: `ne[0]` is the contiguous dimension.
 */
import { native } from './native-function.js';
import type { GgmlInitParams, Pointer } from './structs.js';
import './structs.js';

type Context = Pointer;
type Tensor = Pointer;
type Unary = (context: Context, a: Tensor) => Tensor;
type Binary = (context: Context, a: Tensor, b: Tensor) => Tensor;
type RopeArguments = [
  context: Context,
  a: Tensor,
  positions: Tensor,
  frequencyFactors: Tensor | null,
  dimensions: number,
  mode: number,
  originalContext: number,
  base: number,
  scale: number,
  extFactor: number,
  attnFactor: number,
  betaFast: number,
  betaSlow: number,
];

const unary = (name: string) => native<Unary>(`void *${name}(void *ctx, void *a)`);
const binary = (name: string) => native<Binary>(`void *${name}(void *ctx, void *a, void *b)`);
const ropeList =
  'void *ctx, void *a, void *b, void *c, int n_dims, int mode, int n_ctx_orig, float freq_base, float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow';

/** libggml: the registry. */
export const ggmlRegistryTable = {
  ggml_backend_load_all_from_path: native<(folder: string) => void>(
    'void ggml_backend_load_all_from_path(const char *dir)',
  ),
  ggml_backend_dev_count: native<() => number>('size_t ggml_backend_dev_count()'),
  ggml_backend_dev_get: native<(index: number) => Pointer>('void *ggml_backend_dev_get(size_t index)'),
  /** type 0: CPU, 1: GPU, 2: integrated GPU, 3: accelerator. null when there is none. */
  ggml_backend_init_by_type: native<(type: number, params: null) => Pointer | null>(
    'void *ggml_backend_init_by_type(int type, const char *params)',
  ),
};

/** libggml-base: tensors, graphs, allocation, backends. */
export const ggmlBaseTable = {
  ggml_backend_dev_name: native<(device: Pointer) => string>('const char *ggml_backend_dev_name(void *device)'),
  ggml_backend_dev_description: native<(device: Pointer) => string>(
    'const char *ggml_backend_dev_description(void *device)',
  ),
  ggml_backend_dev_memory: native<(device: Pointer, free: BigUint64Array, total: BigUint64Array) => void>(
    'void ggml_backend_dev_memory(void *device, void *free, void *total)',
  ),
  ggml_backend_dev_type: native<(device: Pointer) => number>('int ggml_backend_dev_type(void *device)'),
  ggml_backend_dev_backend_reg: native<(device: Pointer) => Pointer>(
    'void *ggml_backend_dev_backend_reg(void *device)',
  ),
  ggml_backend_reg_get_proc_address: native<(registry: Pointer, name: string) => Pointer | null>(
    'void *ggml_backend_reg_get_proc_address(void *reg, const char *name)',
  ),
  ggml_backend_get_device: native<(backend: Pointer) => Pointer>('void *ggml_backend_get_device(void *backend)'),
  ggml_backend_get_default_buffer_type: native<(backend: Pointer) => Pointer>(
    'void *ggml_backend_get_default_buffer_type(void *backend)',
  ),
  ggml_backend_free: native<(backend: Pointer) => void>('void ggml_backend_free(void *backend)'),
  ggml_backend_alloc_ctx_tensors: native<(context: Context, backend: Pointer) => Pointer | null>(
    'void *ggml_backend_alloc_ctx_tensors(void *ctx, void *backend)',
  ),
  ggml_backend_buffer_free: native<(buffer: Pointer) => void>('void ggml_backend_buffer_free(void *buffer)'),
  ggml_backend_buffer_get_size: native<(buffer: Pointer) => number>(
    'size_t ggml_backend_buffer_get_size(void *buffer)',
  ),
  ggml_backend_tensor_set: native<(tensor: Tensor, data: ArrayBufferView, offset: number, bytes: number) => void>(
    'void ggml_backend_tensor_set(void *tensor, const void *data, size_t offset, size_t size)',
  ),
  ggml_backend_tensor_get: native<(tensor: Tensor, data: ArrayBufferView, offset: number, bytes: number) => void>(
    'void ggml_backend_tensor_get(void *tensor, void *data, size_t offset, size_t size)',
  ),
  /** 0 on success. */
  ggml_backend_graph_compute: native<(backend: Pointer, graph: Pointer) => number>(
    'int ggml_backend_graph_compute(void *backend, void *graph)',
  ),
  ggml_gallocr_new: native<(bufferType: Pointer) => Pointer>('void *ggml_gallocr_new(void *buft)'),
  ggml_gallocr_free: native<(allocator: Pointer) => void>('void ggml_gallocr_free(void *galloc)'),
  ggml_gallocr_alloc_graph: native<(allocator: Pointer, graph: Pointer) => boolean>(
    'bool ggml_gallocr_alloc_graph(void *galloc, void *graph)',
  ),
  ggml_gallocr_get_buffer_size: native<(allocator: Pointer, index: number) => number>(
    'size_t ggml_gallocr_get_buffer_size(void *galloc, int buffer_id)',
  ),

  ggml_init: native<(params: GgmlInitParams) => Context | null>('void *ggml_init(ggml_init_params params)'),
  ggml_free: native<(context: Context) => void>('void ggml_free(void *ctx)'),
  ggml_tensor_overhead: native<() => number>('size_t ggml_tensor_overhead()'),
  ggml_graph_overhead_custom: native<(size: number, gradients: boolean) => number>(
    'size_t ggml_graph_overhead_custom(size_t size, bool grads)',
  ),
  ggml_new_graph_custom: native<(context: Context, size: number, gradients: boolean) => Pointer>(
    'void *ggml_new_graph_custom(void *ctx, size_t size, bool grads)',
  ),
  ggml_build_forward_expand: native<(graph: Pointer, tensor: Tensor) => void>(
    'void ggml_build_forward_expand(void *graph, void *tensor)',
  ),
  ggml_graph_n_nodes: native<(graph: Pointer) => number>('int ggml_graph_n_nodes(void *graph)'),
  ggml_new_tensor_4d: native<
    (context: Context, type: number, ne0: number, ne1: number, ne2: number, ne3: number) => Tensor
  >('void *ggml_new_tensor_4d(void *ctx, int type, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3)'),
  ggml_set_name: native<(tensor: Tensor, name: string) => Tensor>(
    'void *ggml_set_name(void *tensor, const char *name)',
  ),
  ggml_set_param: native<(tensor: Tensor) => void>('void ggml_set_param(void *tensor)'),
  ggml_set_input: native<(tensor: Tensor) => void>('void ggml_set_input(void *tensor)'),
  ggml_set_output: native<(tensor: Tensor) => void>('void ggml_set_output(void *tensor)'),
  ggml_get_data: native<(tensor: Tensor) => Pointer | null>('void *ggml_get_data(void *tensor)'),
  ggml_nbytes: native<(tensor: Tensor) => number>('size_t ggml_nbytes(void *tensor)'),
  ggml_row_size: native<(type: number, elements: number) => number>('size_t ggml_row_size(int type, int64_t ne)'),
  ggml_blck_size: native<(type: number) => number>('int64_t ggml_blck_size(int type)'),
  ggml_type_name: native<(type: number) => string>('const char *ggml_type_name(int type)'),
  /** Bytes written. `source` holds `rows` rows of `rowLength` floats. */
  ggml_quantize_chunk: native<
    (
      type: number,
      source: Float32Array,
      target: Uint8Array,
      start: number,
      rows: number,
      rowLength: number,
      importance: Float32Array | null,
    ) => number
  >(
    'size_t ggml_quantize_chunk(int type, const float *src, void *dst, int64_t start, int64_t nrows, int64_t n_per_row, const float *imatrix)',
  ),

  ggml_add: binary('ggml_add'),
  ggml_sub: binary('ggml_sub'),
  ggml_mul: binary('ggml_mul'),
  ggml_div: binary('ggml_div'),
  ggml_mul_mat: binary('ggml_mul_mat'),
  ggml_out_prod: binary('ggml_out_prod'),
  ggml_get_rows: binary('ggml_get_rows'),
  ggml_get_rows_back: native<(context: Context, gradient: Tensor, rows: Tensor, shape: Tensor) => Tensor>(
    'void *ggml_get_rows_back(void *ctx, void *a, void *b, void *c)',
  ),
  ggml_repeat: binary('ggml_repeat'),
  ggml_repeat_back: binary('ggml_repeat_back'),
  ggml_cpy: binary('ggml_cpy'),
  ggml_silu: unary('ggml_silu'),
  ggml_silu_back: binary('ggml_silu_back'),
  ggml_swiglu_split: binary('ggml_swiglu_split'),
  ggml_sqr: unary('ggml_sqr'),
  ggml_sqrt: unary('ggml_sqrt'),
  ggml_log: unary('ggml_log'),
  ggml_sum: unary('ggml_sum'),
  ggml_sum_rows: unary('ggml_sum_rows'),
  ggml_cont: unary('ggml_cont'),
  ggml_transpose: unary('ggml_transpose'),
  ggml_scale: native<(context: Context, a: Tensor, factor: number) => Tensor>(
    'void *ggml_scale(void *ctx, void *a, float s)',
  ),
  ggml_clamp: native<(context: Context, a: Tensor, low: number, high: number) => Tensor>(
    'void *ggml_clamp(void *ctx, void *a, float min, float max)',
  ),
  ggml_cast: native<(context: Context, a: Tensor, type: number) => Tensor>(
    'void *ggml_cast(void *ctx, void *a, int type)',
  ),
  ggml_permute: native<
    (context: Context, a: Tensor, axis0: number, axis1: number, axis2: number, axis3: number) => Tensor
  >('void *ggml_permute(void *ctx, void *a, int axis0, int axis1, int axis2, int axis3)'),
  ggml_reshape_4d: native<(context: Context, a: Tensor, ne0: number, ne1: number, ne2: number, ne3: number) => Tensor>(
    'void *ggml_reshape_4d(void *ctx, void *a, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3)',
  ),
  ggml_view_2d: native<(context: Context, a: Tensor, ne0: number, ne1: number, nb1: number, offset: number) => Tensor>(
    'void *ggml_view_2d(void *ctx, void *a, int64_t ne0, int64_t ne1, size_t nb1, size_t offset)',
  ),
  ggml_rms_norm: native<(context: Context, a: Tensor, epsilon: number) => Tensor>(
    'void *ggml_rms_norm(void *ctx, void *a, float eps)',
  ),
  /** `gradient` of the output, `a` the input of the forward norm. */
  ggml_rms_norm_back: native<(context: Context, gradient: Tensor, a: Tensor, epsilon: number) => Tensor>(
    'void *ggml_rms_norm_back(void *ctx, void *a, void *b, float eps)',
  ),
  ggml_soft_max_ext: native<
    (context: Context, a: Tensor, mask: Tensor | null, scale: number, maxBias: number) => Tensor
  >('void *ggml_soft_max_ext(void *ctx, void *a, void *mask, float scale, float max_bias)'),
  ggml_soft_max_ext_back: native<
    (context: Context, gradient: Tensor, probabilities: Tensor, scale: number, maxBias: number) => Tensor
  >('void *ggml_soft_max_ext_back(void *ctx, void *a, void *b, float scale, float max_bias)'),
  ggml_rope_ext: native<(...values: RopeArguments) => Tensor>(`void *ggml_rope_ext(${ropeList})`),
  ggml_rope_ext_back: native<(...values: RopeArguments) => Tensor>(`void *ggml_rope_ext_back(${ropeList})`),
  /** Mean over rows of -sum(target * log softmax(logits)). */
  ggml_cross_entropy_loss: binary('ggml_cross_entropy_loss'),
  /** In place on `a`; `settings` holds alpha, beta1, beta2, eps, weight decay, 1/(1-beta1^t), 1/(1-beta2^t). */
  ggml_opt_step_adamw: native<
    (context: Context, a: Tensor, gradient: Tensor, m: Tensor, v: Tensor, settings: Tensor) => Tensor
  >('void *ggml_opt_step_adamw(void *ctx, void *a, void *grad, void *m, void *v, void *settings)'),
};

/** `enum ggml_type` values in use. */
export const ggmlTypes = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q2_K: 10,
  Q3_K: 11,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  I32: 26,
  BF16: 30,
  TQ2_0: 35,
} as const;

export type GgmlTypeName = keyof typeof ggmlTypes;
