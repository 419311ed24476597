/**
 * Reads the header of a GGUF file: metadata and tensor list, with every size checked against the file's own length.
 *
 * llama.cpp trusts much of what a file says; this is the check before it. Reads no tensor data. Our own rather than a
 * package because refusing damaged files precisely is the point (docs/decisions/0003-gguf-reader.md).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type GgufTensorType,
  type GgufValueType,
  ggufDefaultAlignment,
  ggufMagic,
  ggufTensorTypes,
  ggufValueTypes,
} from './gguf-format.js';
import { ModelError } from './model-error.js';

/** Numbers above 2^53 lose precision; arrays longer than `keptItems` keep their first items only. */
export type GgufMetadataValue =
  | string
  | number
  | boolean
  | {
      readonly itemType: GgufValueType;
      readonly length: number;
      readonly first: readonly (string | number | boolean)[];
    };

export interface GgufTensorInfo {
  readonly name: string;
  /** null: a type that this version does not know. */
  readonly type: GgufTensorType | null;
  readonly shape: readonly number[];
  /** Bytes of its data; 0 where the type is unknown. */
  readonly bytes: number;
}

export interface GgufHeader {
  readonly path: string;
  readonly fileBytes: number;
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufMetadataValue>;
  readonly tensors: readonly GgufTensorInfo[];
  readonly parameterCount: number;
}

const limits = {
  metadataEntries: 65_536,
  tensors: 1_000_000,
  dimensions: 4,
  keyBytes: 65_535,
  headerBytes: 1 << 30,
} as const;
const keptItems = 64;
const typeNames = new Map(Object.entries(ggufValueTypes).map(([name, id]) => [id as number, name as GgufValueType]));
const tensorTypeNames = new Map(
  Object.entries(ggufTensorTypes).map(([name, { id }]) => [id as number, name as GgufTensorType]),
);
const fixedSizes: Partial<Record<GgufValueType, number>> = {
  uint8: 1,
  int8: 1,
  bool: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
};

/** A cursor over the file's start that reads ahead in blocks and refuses to pass the end. */
class Cursor {
  private readonly file: number;
  private readonly path: string;
  private readonly fileBytes: number;
  private buffer: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  private bufferStart = 0;
  position = 0;

  constructor(file: number, path: string, fileBytes: number) {
    this.file = file;
    this.path = path;
    this.fileBytes = fileBytes;
  }

  need(bytes: number, what: string): void {
    if (this.position + bytes > this.fileBytes)
      throw new ModelError(
        'truncated',
        `Cannot read ${this.path}: ${what} needs ${bytes} bytes at ${this.position}, the file ends at ${this.fileBytes}; download it again.`,
      );
    if (this.position + bytes > limits.headerBytes)
      throw new ModelError(
        'malformed',
        `Cannot read ${this.path}: its header is larger than ${limits.headerBytes} bytes.`,
      );
  }

  take(bytes: number, what: string): Buffer {
    this.need(bytes, what);
    const offset = this.position - this.bufferStart;
    if (offset < 0 || offset + bytes > this.buffer.length) {
      this.buffer = Buffer.alloc(Math.max(bytes, Math.min(1 << 20, this.fileBytes - this.position)));
      this.bufferStart = this.position;
      readSync(this.file, this.buffer, 0, this.buffer.length, this.position);
    }
    const start = this.position - this.bufferStart;
    this.position += bytes;
    return this.buffer.subarray(start, start + bytes);
  }

  skip(bytes: number, what: string): void {
    this.need(bytes, what);
    this.position += bytes;
  }

  count(what: string): number {
    return Number(this.take(8, what).readBigUInt64LE());
  }

  text(what: string): string {
    const length = this.count(what);
    this.need(length, what);
    return this.take(length, what).toString('utf8');
  }
}

const readScalar = (cursor: Cursor, type: GgufValueType, what: string): string | number | boolean => {
  if (type === 'string') return cursor.text(what);
  const bytes = cursor.take(fixedSizes[type] ?? 0, what);
  switch (type) {
    case 'uint8':
      return bytes.readUInt8();
    case 'int8':
      return bytes.readInt8();
    case 'uint16':
      return bytes.readUInt16LE();
    case 'int16':
      return bytes.readInt16LE();
    case 'uint32':
      return bytes.readUInt32LE();
    case 'int32':
      return bytes.readInt32LE();
    case 'float32':
      return bytes.readFloatLE();
    case 'float64':
      return bytes.readDoubleLE();
    case 'uint64':
      return Number(bytes.readBigUInt64LE());
    case 'int64':
      return Number(bytes.readBigInt64LE());
    case 'bool':
      return bytes.readUInt8() !== 0;
    case 'array':
      throw new ModelError('malformed', `Cannot read ${what}: an array inside an array.`);
    default:
      return type satisfies never;
  }
};

const readType = (cursor: Cursor, path: string, what: string): GgufValueType => {
  const id = cursor.take(4, what).readUInt32LE();
  const type = typeNames.get(id);
  if (type === undefined)
    throw new ModelError('malformed', `Cannot read ${path}: ${what} has the unknown value type ${id}.`);
  return type;
};

const readValue = (cursor: Cursor, path: string, key: string): GgufMetadataValue => {
  const what = `metadata ${key}`;
  const type = readType(cursor, path, what);
  if (type !== 'array') return readScalar(cursor, type, what);
  const itemType = readType(cursor, path, what);
  const length = cursor.count(what);
  const itemBytes = fixedSizes[itemType] ?? 8;
  cursor.need(length * itemBytes, what);
  const first: (string | number | boolean)[] = [];
  for (let index = 0; index < Math.min(length, keptItems); index++) first.push(readScalar(cursor, itemType, what));
  const left = length - first.length;
  if (itemType === 'string') for (let index = 0; index < left; index++) cursor.skip(cursor.count(what), what);
  else cursor.skip(left * itemBytes, what);
  return { itemType, length, first };
};

const readTensor = (cursor: Cursor, path: string): GgufTensorInfo & { readonly offset: number } => {
  const name = cursor.text('a tensor name');
  const dimensions = cursor.take(4, `tensor ${name}`).readUInt32LE();
  if (dimensions === 0 || dimensions > limits.dimensions)
    throw new ModelError(
      'malformed',
      `Cannot read ${path}: tensor ${name} has ${dimensions} dimensions, 1 to 4 are possible.`,
    );
  const shape = Array.from({ length: dimensions }, () => cursor.count(`tensor ${name}`));
  const type = tensorTypeNames.get(cursor.take(4, `tensor ${name}`).readUInt32LE()) ?? null;
  const offset = cursor.count(`tensor ${name}`);
  const values = shape.reduce((product, extent) => product * extent, 1);
  if (!Number.isSafeInteger(values))
    throw new ModelError('malformed', `Cannot read ${path}: tensor ${name} has the absurd shape ${shape.join(' x ')}.`);
  const { blockValues, blockBytes } = type === null ? { blockValues: 1, blockBytes: 0 } : ggufTensorTypes[type];
  return { name, type, shape, bytes: Math.ceil(values / blockValues) * blockBytes, offset };
};

/**
 * Reads and checks a file's header.
 * Throws ModelError: `not-found`, `not-gguf`, `truncated` (also when tensor data is missing at the end), `malformed`.
 */
export const readGgufHeader = (path: string): GgufHeader => {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new ModelError(
      'not-found',
      `Cannot open ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new ModelError('not-gguf', `Cannot read ${path}: it is not a file.`);
    const cursor = new Cursor(file, path, stat.size);
    if (stat.size < 24 || cursor.take(4, 'the magic number').readUInt32LE() !== ggufMagic)
      throw new ModelError('not-gguf', `Cannot read ${path}: it is not a GGUF file (it does not begin with "GGUF").`);
    const version = cursor.take(4, 'the version').readUInt32LE();
    if (version < 2 || version > 3)
      throw new ModelError('malformed', `Cannot read ${path}: GGUF version ${version}, versions 2 and 3 are known.`);
    const tensorCount = cursor.count('the tensor count');
    const entryCount = cursor.count('the metadata count');
    if (tensorCount > limits.tensors || entryCount > limits.metadataEntries)
      throw new ModelError(
        'malformed',
        `Cannot read ${path}: it claims ${tensorCount} tensors and ${entryCount} metadata entries, more than ${limits.tensors} and ${limits.metadataEntries}.`,
      );
    const metadata = new Map<string, GgufMetadataValue>();
    for (let index = 0; index < entryCount; index++) {
      const key = cursor.text('a metadata key');
      if (key.length > limits.keyBytes)
        throw new ModelError('malformed', `Cannot read ${path}: a metadata key of ${key.length} bytes.`);
      metadata.set(key, readValue(cursor, path, key));
    }
    const tensors = Array.from({ length: tensorCount }, () => readTensor(cursor, path));
    const alignment = metadata.get('general.alignment') ?? ggufDefaultAlignment;
    if (typeof alignment !== 'number' || alignment <= 0 || alignment % 8 !== 0)
      throw new ModelError('malformed', `Cannot read ${path}: general.alignment is ${String(alignment)}.`);
    const dataStart = Math.ceil(cursor.position / alignment) * alignment;
    for (const { name, offset, bytes } of tensors)
      if (dataStart + offset + bytes > stat.size)
        throw new ModelError(
          'truncated',
          `Cannot read ${path}: tensor ${name} ends at ${dataStart + offset + bytes}, the file at ${stat.size}; download it again.`,
        );
    return {
      path,
      fileBytes: stat.size,
      version,
      metadata,
      tensors: tensors.map(({ name, type, shape, bytes }) => ({ name, type, shape, bytes })),
      parameterCount: tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    };
  } finally {
    closeSync(file);
  }
};

/** A number in the metadata, or null. */
export const metadataNumber = (header: GgufHeader, key: string): number | null => {
  const value = header.metadata.get(key);
  return typeof value === 'number' ? value : null;
};

/** A text in the metadata, or null. */
export const metadataText = (header: GgufHeader, key: string): string | null => {
  const value = header.metadata.get(key);
  return typeof value === 'string' ? value : null;
};
