/**
 * Reads the header of a model: one GGUF file, or all the shards of one, as a single list of tensors.
 *
 * llama.cpp trusts much of what a file says; this is the check before it. Our own rather than a package because refusing
 * damaged files precisely is the point (docs/decisions/0003-gguf-reader.md).
 */
import { basename, dirname, join } from 'node:path';
import { type GgufFile, type GgufMetadataValue, type GgufTensorInfo, readGgufFile } from './gguf-file.js';
import { ModelError } from './model-error.js';

export type { GgufMetadataValue, GgufTensorInfo } from './gguf-file.js';

export interface GgufHeader {
  /** The file that was asked for: the first shard where there are several. */
  readonly path: string;
  /** All files of the model, the first one first. */
  readonly shardPaths: readonly string[];
  /** Over all shards. */
  readonly fileBytes: number;
  readonly version: number;
  /** Of the first shard, which holds the model's own. */
  readonly metadata: ReadonlyMap<string, GgufMetadataValue>;
  /** Over all shards. */
  readonly tensors: readonly GgufTensorInfo[];
  readonly parameterCount: number;
}

/** llama.cpp's naming of shards (llama_split_path): "name-00002-of-00003.gguf". */
const shardPattern = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/;
const maximumShards = 9999;

const shardName = (prefix: string, number: number, count: number): string =>
  `${prefix}-${String(number).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`;

const readLaterShards = (first: GgufFile, count: number): GgufFile[] => {
  const name = basename(first.path);
  const match = shardPattern.exec(name);
  const number = first.metadata.get('split.no');
  if (count > maximumShards)
    throw new ModelError('malformed', `Cannot use ${first.path}: it claims to be one of ${count} shards.`);
  if (match === null || Number(match[3]) !== count)
    throw new ModelError(
      'malformed',
      `Cannot use ${first.path}: it is one of ${count} shards, which must be named like ${shardName('model', 1, count)}.`,
    );
  if (number !== 0 || Number(match[2]) !== 1)
    throw new ModelError(
      'malformed',
      `Cannot use ${first.path}: it is not the first of its ${count} shards; give ${shardName(match[1]!, 1, count)}.`,
    );
  return Array.from({ length: count - 1 }, (_, index) => {
    const path = join(dirname(first.path), shardName(match[1]!, index + 2, count));
    try {
      return readGgufFile(path);
    } catch (error) {
      if (!(error instanceof ModelError) || error.code !== 'not-found') throw error;
      throw new ModelError(
        'not-found',
        `Cannot use ${name}: its shard ${index + 2} of ${count} is missing (${path}); download the model again.`,
        { cause: error },
      );
    }
  });
};

/**
 * Reads and checks a model's header; give the first file of a sharded one.
 * Throws ModelError `not-found`, `unreadable`, `not-gguf`, `truncated` (also when tensor data is missing at the end),
 * `malformed`.
 */
export const readGgufHeader = (path: string): GgufHeader => {
  const first = readGgufFile(path);
  const count = first.metadata.get('split.count');
  const files = typeof count === 'number' && count > 1 ? [first, ...readLaterShards(first, count)] : [first];
  const tensors = files.flatMap((file) => file.tensors);
  const expected = first.metadata.get('split.tensors.count');
  if (files.length > 1 && typeof expected === 'number' && expected !== tensors.length)
    throw new ModelError(
      'malformed',
      `Cannot use ${path}: its ${files.length} shards have ${tensors.length} tensors, it says ${expected}; they are not of one model.`,
    );
  return {
    path,
    shardPaths: files.map((file) => file.path),
    fileBytes: files.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    version: first.version,
    metadata: first.metadata,
    tensors,
    parameterCount: tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
};

/** A number in the metadata, or null. */
export const metadataNumber = (header: Pick<GgufHeader, 'metadata'>, key: string): number | null => {
  const value = header.metadata.get(key);
  return typeof value === 'number' ? value : null;
};

/** A text in the metadata, or null. */
export const metadataText = (header: Pick<GgufHeader, 'metadata'>, key: string): string | null => {
  const value = header.metadata.get(key);
  return typeof value === 'string' ? value : null;
};

/**
 * One number per layer: the key may hold a single number for all of them or a list with one each (flags count as 0 and
 * 1); null where it holds neither.
 */
export const metadataPerLayer = (
  header: Pick<GgufHeader, 'metadata'>,
  key: string,
  layers: number,
): readonly number[] | null => {
  const value = header.metadata.get(key);
  if (typeof value === 'number' || typeof value === 'boolean') return new Array<number>(layers).fill(Number(value));
  if (typeof value !== 'object' || value.itemType === 'string') return null;
  return Array.from({ length: layers }, (_, layer) => Number(value.first[layer] ?? 0));
};
