/**
 * Loads llama.cpp in a child process first, so that a binary that crashes on load is an error message here.
 *
 * For programs that go on to load it in their own process (training, quantizing, `doctor`); the engine host is a child
 * already and needs none.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LlamaError } from './llama-error.js';
import type { ComputeDevice } from './load-llama.js';

export interface BindingReport {
  readonly packageName: string;
  readonly packageVersion: string;
  readonly llamaVersion: string;
  readonly systemInfo: string;
  readonly devices: readonly ComputeDevice[];
}

/** Throws LlamaError with the child's reason, or naming the signal that ended it. */
export const checkBinding = (): BindingReport => {
  const child = spawnSync(process.execPath, [fileURLToPath(new URL('./check-binding-child.js', import.meta.url))], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.status === 0) return JSON.parse(child.stdout) as BindingReport;
  const reason = child.stderr.trim().split('\n').at(-1) ?? '';
  const ended = child.signal === null ? `exit code ${child.status}` : `signal ${child.signal}`;
  throw new LlamaError(
    'layout-mismatch',
    reason === '' ? `Cannot load llama.cpp: the check ended with ${ended}.` : reason,
  );
};
