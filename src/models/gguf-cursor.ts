/**
 * A cursor over the start of a GGUF file: scalars and strings, each checked against the file's length before it is read.
 *
 * Reads ahead in blocks and never further than the file goes. Knows the value types, not what they mean.
 */
import { readSync } from 'node:fs';
import { type GgufValueType, ggufValueTypes } from './gguf-format.js';
import { ModelError } from './model-error.js';

export type GgufScalar = string | number | boolean;

const limits = { headerBytes: 2 ** 30, textBytes: 2 ** 26 } as const;
const blockBytes = 2 ** 20;

/** Bytes per value of the types that have a fixed size. */
export const fixedSizes: Readonly<Record<Exclude<GgufValueType, 'string' | 'array'>, number>> = {
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

const typeNames = new Map(Object.entries(ggufValueTypes).map(([name, id]) => [id as number, name as GgufValueType]));

/** Reads forward only. Throws ModelError `truncated`, `malformed` or `unreadable`. */
export class GgufCursor {
  readonly path: string;
  private readonly file: number;
  private readonly fileBytes: number;
  private block: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  private blockStart = 0;
  position = 0;

  constructor(file: number, path: string, fileBytes: number) {
    this.file = file;
    this.path = path;
    this.fileBytes = fileBytes;
  }

  malformed(reason: string): ModelError {
    return new ModelError('malformed', `Cannot read ${this.path}: ${reason}.`);
  }

  /** Makes sure that the file has `bytes` more. */
  need(bytes: number, what: string): void {
    if (this.position + bytes > this.fileBytes)
      throw new ModelError(
        'truncated',
        `Cannot read ${this.path}: ${what} needs ${bytes} bytes at ${this.position}, the file ends at ${this.fileBytes}; download it again.`,
      );
    if (this.position + bytes > limits.headerBytes)
      throw this.malformed(`its header is larger than ${limits.headerBytes} bytes`);
  }

  /** The next `bytes` bytes; valid until the next call. */
  take(bytes: number, what: string): Buffer {
    const start = this.pass(bytes, what);
    return this.block.subarray(start, start + bytes);
  }

  skip(bytes: number, what: string): void {
    this.need(bytes, what);
    this.position += bytes;
  }

  /** A 64-bit count; above 2^53 only roughly right, which is enough to refuse it. */
  count(what: string): number {
    const at = this.pass(8, what);
    return this.block.readUInt32LE(at) + this.block.readUInt32LE(at + 4) * 2 ** 32;
  }

  text(what: string): string {
    const length = this.count(what);
    this.need(length, what);
    if (length > limits.textBytes)
      throw this.malformed(`${what} is a text of ${length} bytes, ${limits.textBytes} are allowed`);
    return this.take(length, what).toString('utf8');
  }

  valueType(what: string): GgufValueType {
    const id = this.take(4, what).readUInt32LE();
    const type = typeNames.get(id);
    if (type === undefined) throw this.malformed(`${what} has the unknown value type ${id}`);
    return type;
  }

  scalar(type: Exclude<GgufValueType, 'array'>, what: string): GgufScalar {
    if (type === 'string') return this.text(what);
    const bytes = this.take(fixedSizes[type], what);
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
      default:
        return type satisfies never;
    }
  }

  /** Moves past `bytes` bytes; returns where in the block they begin. */
  private pass(bytes: number, what: string): number {
    this.need(bytes, what);
    if (this.position - this.blockStart + bytes > this.block.length) this.load(Math.max(bytes, blockBytes));
    const start = this.position - this.blockStart;
    this.position += bytes;
    return start;
  }

  private load(wanted: number): void {
    const bytes = Math.min(wanted, this.fileBytes - this.position);
    const block = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      let read: number;
      try {
        read = readSync(this.file, block, filled, bytes - filled, this.position + filled);
      } catch (cause) {
        throw new ModelError(
          'unreadable',
          `Cannot read ${this.path} at ${this.position + filled}: ${cause instanceof Error ? cause.message : String(cause)}`,
          { cause },
        );
      }
      if (read === 0)
        throw new ModelError(
          'truncated',
          `Cannot read ${this.path}: it became shorter while it was read, from ${this.fileBytes} to ${this.position + filled} bytes.`,
        );
      filled += read;
    }
    this.block = block;
    this.blockStart = this.position;
  }
}
