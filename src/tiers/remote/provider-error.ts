/**
 * What a provider says when it fails, as a RemoteError: error bodies, error events and HTTP status, for all APIs here.
 *
 * Providers quote prompts and parts of keys in their messages, so none of their text goes on: only words of a closed
 * list and numbers do.
 */
import { RemoteError, type RemoteErrorCode } from './remote-error.js';
import { asArray, asObject, type JsonObject, parseObjectBytes } from './wire-json.js';

/** Error types, codes and statuses of the APIs, with the HTTP status that each stands for. */
const statusOfWord: Readonly<Record<string, number>> = {
  // OpenAI, Mistral, vLLM, SGLang, llama-server
  invalid_request_error: 400,
  invalid_value: 400,
  context_length_exceeded: 400,
  string_above_max_length: 400,
  content_policy_violation: 400,
  content_filter: 400,
  unsupported_parameter: 400,
  unsupported_value: 400,
  exceed_context_size_error: 400,
  BadRequestError: 400,
  invalid_api_key: 401,
  authentication_error: 401,
  insufficient_quota: 429,
  permission_error: 403,
  model_not_found: 404,
  not_found_error: 404,
  NotFoundError: 404,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  requests: 429,
  tokens: 429,
  server_error: 500,
  InternalServerError: 500,
  internal_server_error: 500,
  unavailable_error: 503,
  // Anthropic
  billing_error: 402,
  request_too_large: 413,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
  // Gemini (google.rpc.Code)
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
  // Spillway
  server_overloaded: 503,
  engine_crashed: 503,
  engine_unavailable: 503,
  shutting_down: 503,
  deadline_exceeded: 504,
  consent_required: 403,
};

const wordOf = (value: unknown): string | null =>
  typeof value === 'string' && Object.hasOwn(statusOfWord, value) ? value : null;

const statusOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599 ? value : null;

/** `RetryInfo` of google.rpc: a duration such as "34.4s". */
const retryInfoMs = (error: JsonObject): number | undefined => {
  for (const detail of asArray(error.details)) {
    const delay = asObject(detail)?.retryDelay;
    if (typeof delay === 'string' && /^\d{1,5}(\.\d+)?s$/.test(delay))
      return Math.round(Number(delay.slice(0, -1)) * 1000);
  }
  return undefined;
};

interface ProviderFault {
  readonly word: string | null;
  readonly status: number | null;
  readonly retryAfterMs: number | undefined;
}

/** `error` is the value of the body's `error`, or the body itself where an API puts its fields on top. */
const readFault = (error: unknown): ProviderFault => {
  const fields = asObject(error);
  if (fields === null) return { word: null, status: null, retryAfterMs: undefined };
  const word = wordOf(fields.code) ?? wordOf(fields.status) ?? wordOf(fields.type);
  return {
    word,
    status: statusOf(fields.code) ?? statusOf(fields.status) ?? (word === null ? null : statusOfWord[word]!),
    retryAfterMs: retryInfoMs(fields),
  };
};

const codeOfStatus = (status: number): RemoteErrorCode => {
  if (status === 429) return 'rate-limited';
  if (status === 401 || status === 402 || status === 403) return 'unauthorized';
  // 408: the provider's own time ran out; 499: it cancelled. Neither is the request's fault.
  if (status >= 500 || status === 408 || status === 499 || status < 400) return 'provider-failed';
  return 'refused';
};

const saying = (word: string | null): string => (word === null ? '' : ` (${word})`);

/** An HTTP answer that is no success; `body` may be cut. */
export const statusError = (options: {
  readonly endpoint: string;
  readonly status: number;
  readonly body: Uint8Array;
  readonly retryAfterMs: number | undefined;
}): RemoteError => {
  const { endpoint, status } = options;
  const body = parseObjectBytes(options.body);
  const fault = readFault(body?.error ?? body);
  const retryAfterMs = options.retryAfterMs ?? fault.retryAfterMs;
  const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  return new RemoteError(
    codeOfStatus(status),
    `Endpoint ${endpoint} answered with status ${status}${saying(fault.word)}${redirect}`,
    { endpoint, status, answerStarted: false, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  );
};

/** An error that came inside a 200: `error` is what the body or the event holds. */
export const errorInside = (
  error: unknown,
  context: { readonly endpoint: string; readonly answerStarted: boolean },
): RemoteError => {
  const { word, status, retryAfterMs } = readFault(error);
  const told = status === null || word !== null ? '' : ` with code ${status}`;
  return new RemoteError(
    status === null ? 'provider-failed' : codeOfStatus(status),
    `Endpoint ${context.endpoint} reported an error inside its answer${told}${saying(word)}`,
    { ...context, status: 200, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  );
};
