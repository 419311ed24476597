/**
 * The constants of the GGUF container (version 3): value types and tensor types with their block sizes.
 *
 * Source: docs/gguf.md and ggml-common.h of ggml-org/ggml. Reader and writer both stand on this; neither is here.
 */

export const ggufMagic = 0x46554747; // "GGUF", little-endian
export const ggufVersion = 3;
export const ggufDefaultAlignment = 32;

export const ggufValueTypes = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

export type GgufValueType = keyof typeof ggufValueTypes;

/** Tensor type id, values per block and bytes per block, by llama.cpp's name. */
export const ggufTensorTypes = {
  F32: { id: 0, blockValues: 1, blockBytes: 4 },
  F16: { id: 1, blockValues: 1, blockBytes: 2 },
  Q4_0: { id: 2, blockValues: 32, blockBytes: 18 },
  Q4_1: { id: 3, blockValues: 32, blockBytes: 20 },
  Q5_0: { id: 6, blockValues: 32, blockBytes: 22 },
  Q5_1: { id: 7, blockValues: 32, blockBytes: 24 },
  Q8_0: { id: 8, blockValues: 32, blockBytes: 34 },
  Q8_1: { id: 9, blockValues: 32, blockBytes: 36 },
  Q2_K: { id: 10, blockValues: 256, blockBytes: 84 },
  Q3_K: { id: 11, blockValues: 256, blockBytes: 110 },
  Q4_K: { id: 12, blockValues: 256, blockBytes: 144 },
  Q5_K: { id: 13, blockValues: 256, blockBytes: 176 },
  Q6_K: { id: 14, blockValues: 256, blockBytes: 210 },
  Q8_K: { id: 15, blockValues: 256, blockBytes: 292 },
  IQ2_XXS: { id: 16, blockValues: 256, blockBytes: 66 },
  IQ2_XS: { id: 17, blockValues: 256, blockBytes: 74 },
  IQ3_XXS: { id: 18, blockValues: 256, blockBytes: 98 },
  IQ1_S: { id: 19, blockValues: 256, blockBytes: 50 },
  IQ4_NL: { id: 20, blockValues: 32, blockBytes: 18 },
  IQ3_S: { id: 21, blockValues: 256, blockBytes: 110 },
  IQ2_S: { id: 22, blockValues: 256, blockBytes: 82 },
  IQ4_XS: { id: 23, blockValues: 256, blockBytes: 136 },
  I8: { id: 24, blockValues: 1, blockBytes: 1 },
  I16: { id: 25, blockValues: 1, blockBytes: 2 },
  I32: { id: 26, blockValues: 1, blockBytes: 4 },
  I64: { id: 27, blockValues: 1, blockBytes: 8 },
  F64: { id: 28, blockValues: 1, blockBytes: 8 },
  IQ1_M: { id: 29, blockValues: 256, blockBytes: 56 },
  BF16: { id: 30, blockValues: 1, blockBytes: 2 },
  TQ1_0: { id: 34, blockValues: 256, blockBytes: 54 },
  TQ2_0: { id: 35, blockValues: 256, blockBytes: 66 },
  MXFP4: { id: 39, blockValues: 32, blockBytes: 17 },
  NVFP4: { id: 40, blockValues: 64, blockBytes: 36 },
  Q1_0: { id: 41, blockValues: 128, blockBytes: 18 },
  Q2_0: { id: 42, blockValues: 64, blockBytes: 18 },
} as const;

export type GgufTensorType = keyof typeof ggufTensorTypes;

/** Bytes of a tensor of `values` values; `values` must be whole blocks. */
export const tensorBytes = (type: GgufTensorType, values: number): number => {
  const { blockValues, blockBytes } = ggufTensorTypes[type];
  if (values % blockValues !== 0)
    throw new RangeError(`Cannot store ${values} values as ${type}: they must be a multiple of ${blockValues}.`);
  return (values / blockValues) * blockBytes;
};
