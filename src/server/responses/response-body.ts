/** The response object in its three moments: in progress, finished, failed. Knows the request body and the outcome. */
import type { TierName } from '../../tiers/tier.js';
import type { ApiError } from '../error-table.js';
import type { ResponsesBody } from '../schemas/responses.js';
import { unixSeconds } from '../server-context.js';
import { type EndEvent, spillwayBody, totalsOf } from '../usage.js';
import type { Item } from './items.js';

export interface ResponseBodies {
  inProgress(): object;
  finished(output: readonly Item[], end: EndEvent): object;
  failed(output: readonly Item[], error: ApiError): object;
}

export const createResponseBodies = (
  body: ResponsesBody,
  context: { readonly id: string; readonly model: string; readonly tier: TierName },
): ResponseBodies => {
  const fixed = {
    id: context.id,
    object: 'response',
    created_at: unixSeconds(),
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model: context.model,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    store: body.store ?? true,
    temperature: body.temperature ?? null,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: (body.tools ?? []).map((tool) => ({
      type: 'function',
      name: tool.name,
      description: tool.description ?? null,
      parameters: tool.parameters ?? null,
      strict: tool.strict ?? null,
    })),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? null,
    // The context is never cut silently here, whatever was asked.
    truncation: 'disabled',
    user: body.user ?? null,
  };
  const outcome = {
    error: null as object | null,
    incomplete_details: null as object | null,
    usage: null as object | null,
  };

  return {
    inProgress: () => ({ ...fixed, ...outcome, status: 'in_progress', completed_at: null, output: [] }),
    finished: (output, end) => {
      const totals = totalsOf([end], 1);
      const { usage } = totals;
      const isCut = end.reason === 'length';
      return {
        ...fixed,
        ...outcome,
        status: isCut ? 'incomplete' : 'completed',
        completed_at: isCut ? null : unixSeconds(),
        incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
        output,
        usage: {
          input_tokens: usage.promptTokens,
          input_tokens_details: { cached_tokens: usage.cachedTokens },
          output_tokens: usage.completionTokens,
          output_tokens_details: { reasoning_tokens: totals.reasoningTokens ?? 0 },
          total_tokens: usage.promptTokens + usage.completionTokens,
        },
        spillway: spillwayBody(context.tier, totals),
      };
    },
    failed: (output, error) => ({
      ...fixed,
      ...outcome,
      status: 'failed',
      completed_at: null,
      output,
      error: { code: error.body.error.code, message: error.body.error.message },
    }),
  };
};
