/**
 * Native memory seen as typed arrays: what C writes is read without a copy, and the other way round.
 *
 * A view is only valid while the memory behind it lives; nobody here keeps track of that.
 */
import koffi from 'koffi';
import type { Pointer } from './structs.js';

/** A block that we own, zeroed, 8-byte aligned. */
export interface NativeBlock {
  readonly pointer: Pointer;
  readonly buffer: ArrayBuffer;
}

export const allocate = (bytes: number): NativeBlock => {
  const pointer = koffi.alloc('uint64_t', Math.max(1, Math.ceil(bytes / 8))) as Pointer;
  const buffer = koffi.view(pointer, bytes);
  new Uint8Array(buffer).fill(0);
  return { pointer, buffer };
};

export const free = (block: NativeBlock): void => koffi.free(block.pointer);

/** `length` floats at `pointer`, not copied. */
export const viewFloats = (pointer: Pointer, length: number): Float32Array =>
  new Float32Array(koffi.view(pointer, length * 4));

/** `bytes` bytes at `pointer`, not copied. */
export const viewBytes = (pointer: Pointer, bytes: number): Uint8Array => new Uint8Array(koffi.view(pointer, bytes));

/** `length` 32-bit integers at `pointer`, not copied. */
export const viewInts = (pointer: Pointer, length: number): Int32Array =>
  new Int32Array(koffi.view(pointer, length * 4));
