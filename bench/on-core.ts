/** Processes that may use one core only, so that what is measured and what asks it do not share one. */
import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';

/** A program of this name in the search path or where servers are installed; null where there is none. */
export const findProgram = (name: string): string | null => {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
};

/** Why processes cannot be kept apart here; null where they can. */
export const whyNotApart = (): string | null =>
  availableParallelism() < 2
    ? 'it needs two cores, one for what is measured and one for what asks it'
    : findProgram('taskset') === null
      ? 'it needs taskset (util-linux) to keep what is measured and what asks it on cores of their own'
      : null;

/** Program and arguments that run a program on one core; without a core as they are. */
export const onCore = (core: number | undefined, program: string, args: readonly string[]): [string, string[]] =>
  core === undefined ? [program, [...args]] : ['taskset', ['-c', String(core), program, ...args]];
