/**
 * The scheduler's own view of a sequence: what the parts of the scheduler change, and others only read.
 */
import type { Leader, PlaceRequest } from './scheduler-cache.js';
import type { Sequence, SequenceRequest } from './scheduler-types.js';

export interface ScheduledSequence extends Sequence {
  tokens: Int32Array | null;
  length: number;
  computed: number;
  made: number;
  slot: number;
  cachedTokens: number;
  /** Leading tokens computed by the exact rules. */
  exactTokens: number;
  /** Waits for this running sequence to compute the prefix that they share. */
  leader: Leader | null;
  state: 'queued' | 'preempted' | 'running' | 'gone';
  /** True once it was reported as started. */
  started: boolean;
  /** Order of first admission: the older is never preempted for the younger. */
  order: number;
}

export const createSequence = (request: SequenceRequest): ScheduledSequence => {
  const { prompt } = request;
  return {
    request,
    tokens: typeof prompt === 'number' ? null : prompt,
    length: typeof prompt === 'number' ? prompt : prompt.length,
    computed: 0,
    made: 0,
    slot: -1,
    cachedTokens: 0,
    exactTokens: 0,
    leader: null,
    state: 'queued',
    started: false,
    order: -1,
  };
};

/** The tokens whose cells are there, or null where tokens are only counted. */
export const computedTokens = (sequence: ScheduledSequence): Int32Array | null =>
  sequence.tokens?.subarray(0, sequence.computed) ?? null;

/** Books one more answer token; the array grows by doubling, up to `longest`. */
export const addToken = (sequence: ScheduledSequence, token: number, longest: number): void => {
  const { tokens, length } = sequence;
  if (tokens !== null) {
    let room = tokens;
    if (length === tokens.length || tokens === sequence.request.prompt) {
      room = new Int32Array(Math.min(longest, Math.max(64, length * 2)));
      room.set(tokens);
      sequence.tokens = room;
    }
    room[length] = token;
  }
  sequence.length++;
  sequence.made++;
};

export const placeRequest = (sequence: ScheduledSequence, canBeExact: boolean): PlaceRequest => ({
  scope: sequence.request.scope,
  tokens: sequence.tokens,
  length: sequence.length,
  exact: sequence.request.exact && canBeExact,
});
