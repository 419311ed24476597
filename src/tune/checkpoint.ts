/**
 * Checkpoints of a training run: all weights with their optimizer state, and where the data stood.
 *
 * Written whole under a temporary name, then renamed, so that a kill at any moment leaves the last good one. The file is
 * a JSON header line, then the F32 arrays in the order of the header.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { slots, type TrainingModel } from './training-model.js';
import { TuneError } from './tune-error.js';

export interface TrainingProgress {
  /** Steps done. */
  readonly step: number;
  /** Identifies data, settings and code; a run resumes only under the same. */
  readonly fingerprint: string;
}

interface Header extends TrainingProgress {
  readonly format: 'spillway-checkpoint-1';
  readonly weights: readonly { readonly name: string; readonly length: number }[];
}

export const saveCheckpoint = (path: string, model: TrainingModel, progress: TrainingProgress): void => {
  const header: Header = {
    format: 'spillway-checkpoint-1',
    ...progress,
    weights: model.weights.map(({ spec, values }) => ({ name: spec.name, length: values.weight.length })),
  };
  const temporary = `${path}.${process.pid}.part`;
  const file = openSync(temporary, 'w');
  const write = (bytes: Uint8Array): void => {
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
  };
  write(Buffer.from(`${JSON.stringify(header)}\n`));
  for (const { values } of model.weights)
    for (const slot of slots)
      write(new Uint8Array(values[slot].buffer, values[slot].byteOffset, values[slot].byteLength));
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
};

/**
 * Restores into `model`; null when there is no checkpoint at `path`.
 * Throws TuneError `invalid-checkpoint` when it is damaged or belongs to another run.
 */
export const loadCheckpoint = (path: string, model: TrainingModel, fingerprint: string): TrainingProgress | null => {
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  const end = bytes.indexOf(10);
  const refuse = (reason: string, cause?: unknown): never => {
    throw new TuneError('invalid-checkpoint', `Cannot resume from ${path}: ${reason}; delete the file to start anew.`, {
      cause,
    });
  };
  let header: Header;
  try {
    header = JSON.parse(bytes.subarray(0, end).toString('utf8')) as Header;
  } catch (cause) {
    return refuse('its header is not readable', cause);
  }
  if (header.format !== 'spillway-checkpoint-1') return refuse('it is of another format');
  if (header.fingerprint !== fingerprint) return refuse('it belongs to a run with other data or settings');
  let offset = end + 1;
  const expected = offset + model.weights.reduce((sum, { values }) => sum + values.weight.byteLength * slots.length, 0);
  if (bytes.length !== expected) return refuse(`it has ${bytes.length} bytes, ${expected} are expected`);
  for (const { values } of model.weights)
    for (const slot of slots) {
      const target = values[slot];
      new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(
        bytes.subarray(offset, offset + target.byteLength),
      );
      offset += target.byteLength;
    }
  return { step: header.step, fingerprint };
};
