/**
 * Writes GGUF files for tests: any metadata, any tensor list, and data that is a hole, so that a model of real size takes
 * no room on the disk. Independent of the writer in `tune`, so that reader and writer cannot be wrong together.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { type GgufTensorType, ggufTensorTypes, ggufValueTypes, tensorBytes } from './gguf-format.js';

export type SparseValue =
  | number
  | string
  | boolean
  | readonly number[]
  | readonly string[]
  | { readonly float: number };

export interface SparseTensor {
  readonly name: string;
  readonly type: GgufTensorType;
  readonly shape: readonly number[];
}

export interface SparseModel {
  readonly metadata: Readonly<Record<string, SparseValue>>;
  readonly tensors: readonly SparseTensor[];
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

const float = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};

/** Whole numbers become uint32, `{ float }` float32. */
export const valueBytes = (value: SparseValue): Buffer => {
  if (typeof value === 'number') return Buffer.concat([u32(ggufValueTypes.uint32), u32(value)]);
  if (typeof value === 'string') return Buffer.concat([u32(ggufValueTypes.string), text(value)]);
  if (typeof value === 'boolean') return Buffer.concat([u32(ggufValueTypes.bool), Buffer.from([value ? 1 : 0])]);
  if ('float' in value) return Buffer.concat([u32(ggufValueTypes.float32), float(value.float)]);
  const texts = typeof value[0] === 'string';
  return Buffer.concat([
    u32(ggufValueTypes.array),
    u32(texts ? ggufValueTypes.string : ggufValueTypes.uint32),
    u64(value.length),
    ...value.map((item) => (typeof item === 'string' ? text(item) : u32(item))),
  ]);
};

export interface SparseOptions {
  readonly version?: number;
  readonly alignment?: number;
  /** Bytes that the file lacks at its end. */
  readonly cutBytes?: number;
}

/** Header bytes, and the length of the whole file. */
export const sparseHeader = (model: SparseModel, options: SparseOptions = {}): { bytes: Buffer; fileBytes: number } => {
  const alignment = options.alignment ?? 32;
  const pad = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
  let offset = 0;
  const tensors = model.tensors.flatMap(({ name, type, shape }) => {
    const start = offset;
    offset += pad(
      tensorBytes(
        type,
        shape.reduce((a, b) => a * b, 1),
      ),
    );
    return [text(name), u32(shape.length), ...shape.map(u64), u32(ggufTensorTypes[type].id), u64(start)];
  });
  const entries = Object.entries(model.metadata);
  const bytes = Buffer.concat([
    Buffer.from('GGUF'),
    u32(options.version ?? 3),
    u64(model.tensors.length),
    u64(entries.length),
    ...entries.flatMap(([key, value]) => [text(key), valueBytes(value)]),
    ...tensors,
  ]);
  return { bytes, fileBytes: pad(bytes.length) + offset };
};

export const writeSparseGguf = (path: string, model: SparseModel, options: SparseOptions = {}): void => {
  const { bytes, fileBytes } = sparseHeader(model, options);
  const file = openSync(path, 'w');
  try {
    writeSync(file, bytes);
    ftruncateSync(file, fileBytes - (options.cutBytes ?? 0));
  } finally {
    closeSync(file);
  }
};
