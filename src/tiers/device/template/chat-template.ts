/**
 * A compiled chat template: Jinja source in, prompt text out.
 *
 * Sets up the environment that Hugging Face's templates expect. Knows nothing of messages or what a template can do;
 * template-capabilities.ts finds that out.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { TierError } from '../../tier-error.js';
import { strftime } from './strftime.js';
import { adaptDialect, dialectFunctions } from './template-dialect.js';

export interface ChatTemplate {
  readonly source: string;
  /** Throws TierError: `invalid-messages` where the template itself refuses, `template-failed` for all else. */
  render(variables: Readonly<Record<string, unknown>>, now: Date): string;
}

/** The template's own refusal, by its function raise_exception. */
class TemplateRefusal extends Error {}

const range = (start: number, stop?: number, step = 1): number[] => {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= 1_000_000)) throw new Error(`range() of ${count} values; the limit is 1000000`);
  return Array.from({ length: count }, (_, index) => from + index * step);
};

const globalsAt = (now: Date): Record<string, unknown> => ({
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  raise_exception: (message: unknown) => {
    throw new TemplateRefusal(String(message));
  },
  strftime_now: (format: string) => strftime(now, format),
  date_string: strftime(now, '%d %b %Y'),
  datetime: strftime(now, '%b %d %Y %H:%M:%S'),
});

/** Variables that a caller may not set through the request. */
export const reservedVariables: ReadonlySet<string> = new Set([
  ...Object.keys(globalsAt(new Date(0))).filter((name) => !name.startsWith('date')),
  'namespace',
  'messages',
  'tools',
  'bos_token',
  'eos_token',
  'add_generation_prompt',
]);

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Parses the source once; throws TierError `template-failed` where it is no template. */
export const compileChatTemplate = (source: string): ChatTemplate => {
  let program: ReturnType<typeof parse>;
  try {
    program = adaptDialect(parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })));
  } catch (error) {
    throw new TierError('template-failed', `Cannot read the model's chat template: ${describe(error)}`, {
      cause: error,
    });
  }
  return {
    source,
    render(variables, now) {
      const environment = new Environment();
      try {
        // Firefunction reads the tools as text under a name of its own.
        const functions = JSON.stringify(variables.tools ?? [], null, 4);
        const all = { ...globalsAt(now), ...(source.includes('functions') ? { functions } : {}), ...variables };
        for (const [name, value] of Object.entries(all)) environment.set(name, value);
        for (const [name, helper] of dialectFunctions) environment.set(name, helper);
        return String(new Interpreter(environment).run(program).value);
      } catch (error) {
        if (error instanceof TemplateRefusal)
          throw new TierError('invalid-messages', `The model's chat template refuses the messages: ${error.message}`, {
            cause: error,
            param: 'messages',
          });
        throw new TierError('template-failed', `The model's chat template failed: ${describe(error)}`, {
          cause: error,
        });
      }
    },
  };
};
