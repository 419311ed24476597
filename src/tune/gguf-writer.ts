/**
 * Writes GGUF files: metadata, then tensors streamed one at a time, so that a file may be larger than memory.
 *
 * Knows the container only; what keys a model needs is known by those who call it.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import {
  type GgufTensorType,
  type GgufValueType,
  ggufDefaultAlignment,
  ggufMagic,
  ggufTensorTypes,
  ggufValueTypes,
  ggufVersion,
  tensorBytes,
} from '../models/gguf-format.js';

type ScalarType = Exclude<GgufValueType, 'array'>;
type Scalar = number | bigint | boolean | string;

/** One metadata value with its exact type; arrays hold one scalar type. */
export type GgufValue =
  | { readonly type: ScalarType; readonly value: Scalar }
  | { readonly type: 'array'; readonly itemType: ScalarType; readonly items: readonly Scalar[] };

export interface GgufTensor {
  readonly name: string;
  readonly type: GgufTensorType;
  /** ggml order: the contiguous dimension first; 1 to 4 of them. */
  readonly shape: readonly number[];
  /** Yields exactly the tensor's bytes, in as many pieces as is handy. */
  readonly data: () => Iterable<Uint8Array>;
}

export const u32 = (value: number): GgufValue => ({ type: 'uint32', value });
export const f32 = (value: number): GgufValue => ({ type: 'float32', value });
export const bool = (value: boolean): GgufValue => ({ type: 'bool', value });
export const text = (value: string): GgufValue => ({ type: 'string', value });
export const texts = (items: readonly string[]): GgufValue => ({ type: 'array', itemType: 'string', items });
export const i32s = (items: readonly number[]): GgufValue => ({ type: 'array', itemType: 'int32', items });
export const f32s = (items: readonly number[]): GgufValue => ({ type: 'array', itemType: 'float32', items });

const scalarBytes = (type: ScalarType, value: Scalar): Uint8Array => {
  if (type === 'string') {
    const bytes = Buffer.from(String(value), 'utf8');
    const out = Buffer.alloc(8 + bytes.length);
    out.writeBigUInt64LE(BigInt(bytes.length));
    bytes.copy(out, 8);
    return out;
  }
  const out = Buffer.alloc(8);
  const number = Number(value);
  switch (type) {
    case 'uint8':
      return out.subarray(0, out.writeUInt8(number));
    case 'int8':
      return out.subarray(0, out.writeInt8(number));
    case 'uint16':
      return out.subarray(0, out.writeUInt16LE(number));
    case 'int16':
      return out.subarray(0, out.writeInt16LE(number));
    case 'uint32':
      return out.subarray(0, out.writeUInt32LE(number));
    case 'int32':
      return out.subarray(0, out.writeInt32LE(number));
    case 'float32':
      return out.subarray(0, out.writeFloatLE(number));
    case 'float64':
      return out.subarray(0, out.writeDoubleLE(number));
    case 'uint64':
      return out.subarray(0, out.writeBigUInt64LE(BigInt(value)));
    case 'int64':
      return out.subarray(0, out.writeBigInt64LE(BigInt(value)));
    case 'bool':
      return out.subarray(0, out.writeUInt8(value === true ? 1 : 0));
    default:
      return type satisfies never;
  }
};

const valueBytes = (value: GgufValue): Uint8Array[] => {
  const type = scalarBytes('uint32', ggufValueTypes[value.type]);
  if (value.type !== 'array') return [type, scalarBytes(value.type, value.value)];
  return [
    type,
    scalarBytes('uint32', ggufValueTypes[value.itemType]),
    scalarBytes('uint64', value.items.length),
    ...value.items.map((item) => scalarBytes(value.itemType, item)),
  ];
};

const padding = (position: number): Uint8Array =>
  new Uint8Array((ggufDefaultAlignment - (position % ggufDefaultAlignment)) % ggufDefaultAlignment);

/**
 * Writes the file under a temporary name and renames it when whole, so that no half file carries the name.
 * Throws RangeError when a tensor's data is not the size that its shape says.
 */
export const writeGguf = (
  path: string,
  contents: { readonly metadata: Readonly<Record<string, GgufValue>>; readonly tensors: readonly GgufTensor[] },
): void => {
  const sizes = contents.tensors.map((tensor) =>
    tensorBytes(
      tensor.type,
      tensor.shape.reduce((a, b) => a * b, 1),
    ),
  );
  const header: Uint8Array[] = [
    scalarBytes('uint32', ggufMagic),
    scalarBytes('uint32', ggufVersion),
    scalarBytes('uint64', contents.tensors.length),
    scalarBytes('uint64', Object.keys(contents.metadata).length),
  ];
  for (const [key, value] of Object.entries(contents.metadata))
    header.push(scalarBytes('string', key), Buffer.concat(valueBytes(value)));
  let offset = 0;
  contents.tensors.forEach((tensor, index) => {
    header.push(
      scalarBytes('string', tensor.name),
      scalarBytes('uint32', tensor.shape.length),
      ...tensor.shape.map((extent) => scalarBytes('uint64', extent)),
      scalarBytes('uint32', ggufTensorTypes[tensor.type].id),
      scalarBytes('uint64', offset),
    );
    offset += sizes[index]!;
    offset += padding(offset).length;
  });

  const temporary = `${path}.${process.pid}.part`;
  const file = openSync(temporary, 'w');
  try {
    let position = 0;
    const write = (bytes: Uint8Array): void => {
      let written = 0;
      while (written < bytes.length) written += writeSync(file, bytes, written);
      position += bytes.length;
    };
    write(Buffer.concat(header));
    write(padding(position));
    contents.tensors.forEach((tensor, index) => {
      const start = position;
      for (const bytes of tensor.data()) write(bytes);
      if (position - start !== sizes[index])
        throw new RangeError(
          `Cannot write tensor ${tensor.name}: it needs ${sizes[index]} bytes, its data has ${position - start}.`,
        );
      write(padding(position));
    });
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    closeSync(file);
    rmSync(temporary, { force: true });
    throw error;
  }
};
