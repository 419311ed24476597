/**
 * The contract of redaction: what goes out in a request's place, what was found, and how its answer is put right again.
 */
import type { ChatEvent } from '../../tier.js';
import type { RedactableRequest } from './walk-request.js';

/** Private, so that nobody else can make one, and that a copy of a redacted request (`{ ...request }`) is none. */
declare abstract class RedactionMark {
  private readonly redacted: true;
}

/** A request that went through redaction; nothing else makes one. */
export type RedactedRequest<Request extends RedactableRequest = RedactableRequest> = Request & RedactionMark;

/** A placeholder that stands in the outgoing request, without what it stands for. */
export interface RedactedValue {
  readonly kind: string;
  /** `[EMAIL_1]`; `[EMAIL_1_2]` is another spelling of the same value. */
  readonly placeholder: string;
  /** Places in which it stands. */
  readonly count: number;
}

/** Puts values back into a text that arrives in pieces; holds back only what may become a placeholder. */
export interface Restorer {
  push(text: string): string;
  /** What was held back; call it when the text ends. */
  flush(): string;
}

/**
 * What the text is to its reader: `text`: words; `arguments`: JSON of a tool call, where values are escaped; `json`: an
 * answer that was asked to be JSON, and may be words all the same.
 */
export type AnswerForm = 'text' | 'arguments' | 'json';

export interface Redaction<Request extends RedactableRequest = RedactableRequest> {
  readonly request: RedactedRequest<Request>;
  /** In order of first appearance; empty where the request goes out as it came. */
  readonly found: readonly RedactedValue[];
  /** A new restorer for one text; default `text`. */
  restorer(form?: AnswerForm): Restorer;
  /** The answer's events with the values back in text, reasoning, and names and arguments of tool calls. */
  restoreEvents(events: AsyncIterable<ChatEvent>): AsyncIterable<ChatEvent>;
}

/**
 * Throws RedactionError for a request that it cannot redact for certain; then nothing may leave. The request is as the
 * provider gets it, its model's name included: a changed copy of what comes back is no redacted request.
 */
export interface Redactor {
  redact<Request extends RedactableRequest>(request: Request): Redaction<Request>;
}
