/**
 * The errors of the server room: what the HTTP layer itself refuses, before or beside what a tier says.
 * Codes are closed; `error-table.ts` maps them to status and body. Knows nothing of Fastify.
 */

export type ServerErrorCode =
  | 'invalid-json'
  /** A field of the body (or query) is missing, of the wrong type, or out of range. */
  | 'invalid-parameter'
  /** A field that OpenAI knows and this server does not offer. */
  | 'unsupported-parameter'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'malformed-request'
  | 'invalid-api-key'
  | 'host-refused'
  | 'origin-refused'
  | 'not-found'
  | 'method-not-allowed'
  | 'previous-response-not-found'
  | 'response-not-found'
  | 'draining'
  /** The client closed the connection before its answer was whole. */
  | 'client-gone'
  /** The client stopped reading its stream. */
  | 'client-stalled'
  | 'listen-failed'
  /** A fault of this program. */
  | 'internal';

/** What is wrong with a parameter, in OpenAI's words; goes out as the `code` of the error body. */
export type ParameterFault =
  | 'missing_required_parameter'
  | 'invalid_type'
  | 'invalid_value'
  | 'empty_array'
  | 'empty_string'
  | 'array_above_max_length'
  | 'string_above_max_length'
  | 'integer_below_min_value'
  | 'integer_above_max_value'
  | 'decimal_below_min_value'
  | 'decimal_above_max_value'
  | 'object_above_max_properties'
  | 'json_too_deep';

/** A refusal by the server itself; `param` names the field at fault in OpenAI's terms, such as `messages[2].content`. */
export class ServerError extends Error {
  readonly code: ServerErrorCode;
  readonly param: string | null;
  readonly fault: ParameterFault | null;

  constructor(
    code: ServerErrorCode,
    message: string,
    options: { cause?: unknown; param?: string; fault?: ParameterFault } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServerError';
    this.code = code;
    this.param = options.param ?? null;
    this.fault = options.fault ?? null;
  }
}

/** A parameter that cannot be taken; `param` in OpenAI's terms. */
export const invalidParameter = (param: string, message: string, fault: ParameterFault = 'invalid_value') =>
  new ServerError('invalid-parameter', message, { param, fault });
