/**
 * A checked completions body to the tier's CompletionRequest, one for each prompt and each of its `n` choices.
 * Knows nothing of how answers go out.
 */
import type { CompletionRequest } from '../tiers/tier.js';
import { type Caller, deadlineOf } from './caller.js';
import { refuseUnsupported, stopsOf } from './chat-request.js';
import { responseFormatOf } from './chat-tools.js';
import { compact } from './compact.js';
import { samplingOf } from './sampling.js';
import type { CompletionBody } from './schemas/completion.js';
import { invalidParameter } from './server-error.js';
import { requestLimits } from './server-options.js';

const refusals = { suffix: 'insertion (text after the gap) is not offered.' };

/** One text or token list, or several, as a list; `param` and `limit` are for the error. */
export const textsOrTokens = (
  input: string | readonly (string | number | readonly number[])[],
  limits: { readonly param: string; readonly most: number },
): (string | readonly number[])[] => {
  if (typeof input === 'string') return [input];
  const mixed = () =>
    invalidParameter(
      limits.param,
      `Invalid type for '${limits.param}': expected a string, an array of strings, an array of integers or an array of arrays of integers, but got a mixed array instead.`,
      'invalid_type',
    );
  if (typeof input[0] === 'number') {
    if (!input.every((entry) => typeof entry === 'number')) throw mixed();
    return [input as readonly number[]];
  }
  if (input.length > limits.most)
    throw invalidParameter(
      limits.param,
      `Invalid '${limits.param}': array too long. Expected an array with maximum length ${limits.most}, but got an array with length ${input.length} instead.`,
      'array_above_max_length',
    );
  if (input.some((entry) => typeof entry === 'number')) throw mixed();
  return [...(input as readonly (string | readonly number[])[])];
};

/** The requests in the order of their `index` on the wire: all choices of the first prompt, then of the second. */
export const completionRequestsOf = (
  body: CompletionBody,
  context: { readonly model: string; readonly caller: Caller; readonly deadlineMs: number },
): { readonly requests: CompletionRequest[]; readonly choicesPerPrompt: number } => {
  refuseUnsupported(body, refusals);
  const choicesPerPrompt = body.n ?? 1;
  if (body.best_of !== undefined && body.best_of !== choicesPerPrompt)
    throw invalidParameter(
      'best_of',
      `Invalid 'best_of': ${body.best_of} is not offered, only the value of 'n' (${choicesPerPrompt}). Ask for more choices with 'n'.`,
    );
  if (body.stream_options !== undefined && body.stream !== true)
    throw invalidParameter('stream_options', "Invalid 'stream_options': it is only allowed when 'stream' is true.");
  if (body.echo === true && body.logprobs !== undefined)
    throw invalidParameter(
      'logprobs',
      "Invalid 'logprobs': together with 'echo' they would be those of the prompt too, which are not offered.",
    );
  if (body.grammar !== undefined && body.response_format !== undefined && body.response_format.type !== 'text')
    throw invalidParameter('grammar', "Invalid 'grammar': it cannot be combined with 'response_format'.");
  const prompts = textsOrTokens(body.prompt, { param: 'prompt', most: requestLimits.prompts });
  if (prompts.length * choicesPerPrompt > requestLimits.totalChoices)
    throw invalidParameter(
      'n',
      `Invalid 'n': ${prompts.length} prompts with ${choicesPerPrompt} choices each make ${prompts.length * choicesPerPrompt}, the limit is ${requestLimits.totalChoices}.`,
      'integer_above_max_value',
    );
  const format = body.response_format;
  const shared = compact({
    model: context.model,
    echo: body.echo,
    ignoreEos: body.ignore_eos,
    grammar: body.grammar,
    responseFormat:
      format === undefined
        ? undefined
        : responseFormatOf(format.type === 'json_schema' ? { type: format.type, ...format.json_schema } : format),
    maxTokens: body.max_tokens ?? 16,
    stop: stopsOf(body.stop),
    logprobs: body.logprobs,
    deadlineMs: deadlineOf(body.deadline_ms, context.deadlineMs),
    client: context.caller.client,
    cacheScope: context.caller.cacheScope,
  });
  const requests = prompts.flatMap((prompt) =>
    Array.from({ length: choicesPerPrompt }, (_, choice) => ({
      ...shared,
      prompt,
      sampling: samplingOf(body, choice),
    })),
  );
  return { requests, choicesPerPrompt };
};
