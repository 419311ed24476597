/**
 * What the HTTP client's side can be asked. The client is a process of its own, as real clients are, so that what
 * reading a stream costs is neither the server's nor the bench's.
 */

export interface StreamsQuestion {
  readonly url: string;
  /** `chat`: one user message of `promptLength` characters. `completion`: `promptLength` token ids. */
  readonly kind: 'chat' | 'completion';
  /** For `chat`: what the messages say, in turn, in place of noise. */
  readonly messages?: readonly string[];
  readonly requests: number;
  /** Streams open at once; the next request starts when one ends. */
  readonly concurrency: number;
  readonly promptLength: number;
  /** Tokens of each answer, decoded greedily and past any end of text. */
  readonly tokens: number;
  /** For `completion`: the tokens to draw from. */
  readonly vocabularySize: number;
  readonly seed: number;
}

export interface StreamsAnswer {
  /** First request sent to last stream ended. */
  readonly seconds: number;
  /** Decoded, as the servers' own usage blocks say. */
  readonly tokens: number;
  readonly promptTokens: number;
}

export type ClientProtocol = {
  readonly stream: readonly [StreamsQuestion, StreamsAnswer];
};
