/**
 * Why a model did not load: what can be seen of the file before, and what llama.cpp's log says after.
 *
 * The log is text for people, so every rule here is a guess about wording at the pinned release; what no rule knows is
 * quoted.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { EngineError, type EngineErrorCode } from './engine-error.js';

/** Throws `model-load-failed` for what is certainly no model: absent, a folder, too short, another kind of file. */
export const checkModelFile = (path: string): void => {
  const refuse: (why: string) => never = (why) => {
    throw new EngineError('model-load-failed', `Cannot load ${path}: ${why}`, { details: { path } });
  };
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) refuse('there is no such file');
  if (!stats.isFile()) refuse('it is not a file');
  const head = Buffer.alloc(4);
  let read = 0;
  try {
    const file = openSync(path, 'r');
    read = readSync(file, head, 0, 4, 0);
    closeSync(file);
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
  if (read < 4 || head.toString('latin1') !== 'GGUF') refuse('it is no GGUF file');
};

interface Rule {
  readonly pattern: RegExp;
  readonly code: EngineErrorCode;
  readonly why: (match: RegExpExecArray) => string;
}

const rules: readonly Rule[] = [
  {
    pattern: /unknown model architecture: '([^']*)'/,
    code: 'model-load-failed',
    why: ([, name]) => `llama.cpp does not know the architecture "${name}"`,
  },
  {
    pattern: /tensor '([^']*)' data is not within the file bounds/,
    code: 'model-load-failed',
    why: ([, name]) => `the file is truncated (tensor ${name} lies beyond its end)`,
  },
  {
    pattern: /unable to allocate|failed to allocate|out of memory|bad_alloc|cannot allocate memory/i,
    code: 'out-of-memory',
    why: ({ input }) => `not enough memory (${input.trim()})`,
  },
  {
    pattern: /key not found in model: (\S+)/,
    code: 'model-load-failed',
    why: ([, key]) => `the file lacks the key ${key}`,
  },
  {
    pattern: /missing tensor '([^']*)'/,
    code: 'model-load-failed',
    why: ([, name]) => `the file lacks the tensor ${name}`,
  },
  {
    pattern: /gguf_init_from\w*: (.*)/,
    code: 'model-load-failed',
    why: ([, reason]) => `the file is damaged (${reason})`,
  },
  {
    pattern: /error loading model(?: \w+)?: (.*)/,
    code: 'model-load-failed',
    why: ([, reason]) => reason ?? 'llama.cpp refuses the file',
  },
];

/** The error for a host that ended while it loaded, from the last lines that it wrote. */
export const explainLoadFailure = (options: {
  readonly path: string;
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly lines: readonly string[];
}): EngineError => {
  const { path, code, message, lines } = options;
  const log = lines.slice(-20).join('\n');
  const details = { ...options.details, path, ...(log === '' ? {} : { log }) };
  if (code !== 'model-load-failed' && code !== 'out-of-memory') return new EngineError(code, message, { details });
  for (const { pattern, code: found, why } of rules)
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match === null) continue;
      const prefix = code === 'out-of-memory' ? message : `Cannot load ${path}`;
      return new EngineError(code === 'out-of-memory' ? code : found, `${prefix}: ${why(match)}`, { details });
    }
  const last = lines.filter((line) => /error|fail|invalid|abort|assert/i.test(line)).at(-1);
  return new EngineError(code, last === undefined ? message : `${message}: ${last.trim()}`, { details });
};
