/**
 * Reads the header of one GGUF file: metadata and tensor list, with every size checked against the file's own length.
 *
 * Refuses what llama.cpp's own reader refuses (gguf.cpp, gguf_init_from_reader), but says where and why, and never
 * allocates by what a file claims. Reads no tensor data; knows nothing of models that lie in several files.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { fixedSizes, GgufCursor, type GgufScalar } from './gguf-cursor.js';
import {
  type GgufTensorType,
  type GgufValueType,
  ggufDefaultAlignment,
  ggufMagic,
  ggufTensorTypes,
} from './gguf-format.js';
import { ModelError } from './model-error.js';

/** Numbers above 2^53 lose precision; of arrays the first 512 items are kept, one per layer at llama.cpp's most. */
export type GgufMetadataValue =
  | GgufScalar
  | {
      readonly itemType: GgufValueType;
      readonly length: number;
      readonly first: readonly GgufScalar[];
    };

export interface GgufTensorInfo {
  readonly name: string;
  /** null: a type that this version does not know. */
  readonly type: GgufTensorType | null;
  /** ggml order: the contiguous dimension first. */
  readonly shape: readonly number[];
  /** Bytes of its data; 0 where the type is unknown. */
  readonly bytes: number;
}

export interface GgufFile {
  readonly path: string;
  readonly fileBytes: number;
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufMetadataValue>;
  readonly tensors: readonly GgufTensorInfo[];
}

const limits = { metadataEntries: 65_536, tensors: 1_000_000, dimensions: 4, nameBytes: 63, keyBytes: 65_535 } as const;
const keptItems = 512;
const tensorTypeNames = new Map(
  Object.entries(ggufTensorTypes).map(([name, { id }]) => [id as number, name as GgufTensorType]),
);

const readValue = (cursor: GgufCursor, key: string): GgufMetadataValue => {
  const what = `metadata ${key}`;
  const type = cursor.valueType(what);
  if (type !== 'array') return cursor.scalar(type, what);
  const itemType = cursor.valueType(what);
  if (itemType === 'array') throw cursor.malformed(`${what} is an array of arrays`);
  const length = cursor.count(what);
  const itemBytes = itemType === 'string' ? 8 : fixedSizes[itemType];
  cursor.need(length * itemBytes, what);
  const first = Array.from({ length: Math.min(length, keptItems) }, () => cursor.scalar(itemType, what));
  const left = length - first.length;
  if (itemType === 'string') for (let index = 0; index < left; index++) cursor.skip(cursor.count(what), what);
  else cursor.skip(left * itemBytes, what);
  return { itemType, length, first };
};

const readMetadata = (cursor: GgufCursor, entries: number): Map<string, GgufMetadataValue> => {
  const metadata = new Map<string, GgufMetadataValue>();
  for (let index = 0; index < entries; index++) {
    const key = cursor.text('a metadata key');
    if (key === '' || key.length > limits.keyBytes)
      throw cursor.malformed(`a metadata key has ${key.length} characters, 1 to ${limits.keyBytes} are possible`);
    if (metadata.has(key)) throw cursor.malformed(`metadata ${key} is there twice`);
    metadata.set(key, readValue(cursor, key));
  }
  return metadata;
};

type PlacedTensor = GgufTensorInfo & { readonly offset: number };

const readTensor = (cursor: GgufCursor): PlacedTensor => {
  const name = cursor.text('a tensor name');
  if (name === '' || Buffer.byteLength(name) > limits.nameBytes)
    throw cursor.malformed(`a tensor name has ${Buffer.byteLength(name)} bytes, 1 to ${limits.nameBytes} are possible`);
  const what = `tensor ${name}`;
  const dimensions = cursor.take(4, what).readUInt32LE();
  if (dimensions > limits.dimensions)
    throw cursor.malformed(`${what} has ${dimensions} dimensions, up to ${limits.dimensions} are possible`);
  const shape = Array.from({ length: dimensions }, () => cursor.count(what));
  const type = tensorTypeNames.get(cursor.take(4, what).readUInt32LE()) ?? null;
  const offset = cursor.count(what);
  const values = shape.reduce((product, extent) => product * extent, 1);
  if (shape.some((extent) => !Number.isSafeInteger(extent)) || !Number.isSafeInteger(values))
    throw cursor.malformed(`${what} has the absurd shape ${shape.join(' x ')}`);
  if (type === null) return { name, type, shape, bytes: 0, offset };
  const { blockValues, blockBytes } = ggufTensorTypes[type];
  if ((shape[0] ?? 1) % blockValues !== 0)
    throw cursor.malformed(`${what} has rows of ${shape[0] ?? 1} values, ${type} needs a multiple of ${blockValues}`);
  return { name, type, shape, bytes: (values / blockValues) * blockBytes, offset };
};

/** Each tensor's data begins where the one before it ends, padded; the last must end inside the file. */
const checkPlaces = (cursor: GgufCursor, tensors: readonly PlacedTensor[], alignment: number, fileBytes: number) => {
  const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
  const dataStart = padded(cursor.position);
  const names = new Set<string>();
  let expected: number | null = 0;
  for (const { name, type, bytes, offset } of tensors) {
    if (names.has(name)) throw cursor.malformed(`tensor ${name} is there twice`);
    names.add(name);
    if (offset % alignment !== 0 || (expected !== null && offset !== expected))
      throw cursor.malformed(
        `tensor ${name} has offset ${offset}, expected ${expected ?? `a multiple of ${alignment}`}`,
      );
    // What follows a tensor of unknown size can be anywhere.
    expected = type === null || expected === null ? null : offset + padded(bytes);
    if (dataStart + offset + bytes > fileBytes)
      throw new ModelError(
        'truncated',
        `Cannot read ${cursor.path}: tensor ${name} ends at ${dataStart + offset + bytes}, the file at ${fileBytes}; download it again.`,
      );
  }
};

const readVersion = (cursor: GgufCursor): number => {
  const version = cursor.take(4, 'the version').readUInt32LE();
  if (version === 2 || version === 3) return version;
  if (version !== 0 && version % 65_536 === 0)
    throw cursor.malformed('it is a big-endian GGUF file, little-endian ones are supported');
  throw cursor.malformed(`it has GGUF version ${version}, versions 2 and 3 are supported`);
};

const readOpenFile = (file: number, path: string): GgufFile => {
  const stat = fstatSync(file);
  if (!stat.isFile()) throw new ModelError('not-gguf', `Cannot read ${path}: it is not a file.`);
  const cursor = new GgufCursor(file, path, stat.size);
  if (stat.size < 4 || cursor.take(4, 'the magic number').readUInt32LE() !== ggufMagic)
    throw new ModelError('not-gguf', `Cannot read ${path}: it is not a GGUF file (it does not begin with "GGUF").`);
  const version = readVersion(cursor);
  const tensorCount = cursor.count('the tensor count');
  const entryCount = cursor.count('the metadata count');
  if (tensorCount > limits.tensors || entryCount > limits.metadataEntries)
    throw cursor.malformed(
      `it claims ${tensorCount} tensors and ${entryCount} metadata entries, ${limits.tensors} and ${limits.metadataEntries} are possible`,
    );
  const metadata = readMetadata(cursor, entryCount);
  const alignment = metadata.get('general.alignment') ?? ggufDefaultAlignment;
  if (typeof alignment !== 'number' || !Number.isInteger(Math.log2(alignment)) || alignment < 1)
    throw cursor.malformed(`general.alignment is ${JSON.stringify(alignment)}, it must be a power of 2`);
  const tensors: PlacedTensor[] = [];
  for (let index = 0; index < tensorCount; index++) tensors.push(readTensor(cursor));
  checkPlaces(cursor, tensors, alignment, stat.size);
  return {
    path,
    fileBytes: stat.size,
    version,
    metadata,
    tensors: tensors.map(({ name, type, shape, bytes }) => ({ name, type, shape, bytes })),
  };
};

/** Throws ModelError `not-found`, `unreadable`, `not-gguf`, `truncated` (also when tensor data is missing), `malformed`. */
export const readGgufFile = (path: string): GgufFile => {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const missing = ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
    throw new ModelError(
      missing ? 'not-found' : 'unreadable',
      `Cannot open ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  try {
    return readOpenFile(file, path);
  } finally {
    closeSync(file);
  }
};
