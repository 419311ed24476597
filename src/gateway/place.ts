/**
 * The Place contract: one endpoint of one tier as the gateway runs it. Siblings: the device, a private endpoint, a third
 * party. What leaves a place passes the gate of its tier inside it.
 */
import type { Reach } from '../route/reach.js';
import type { CandidateCapabilities, CandidateLoad, TokenPrice } from '../route/route.js';
import type { OutgoingRequest } from '../tiers/third-party/outgoing-request.js';
import type {
  ChatEvent,
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResult,
  TierName,
} from '../tiers/tier.js';
import type { Approvals, AskConsent } from './consent-gate.js';

export interface PlaceModel {
  readonly id: string;
  readonly capabilities: CandidateCapabilities;
  readonly price: TokenPrice | null;
  readonly ownedBy: string;
  /** Unix seconds. */
  readonly created: number;
  /** Digest of the model's file, `sha256:` and hex; null where nobody can tell. */
  readonly digest: string | null;
}

/** What a place is told beside the request. */
export interface PlaceCall {
  readonly signal: AbortSignal;
  readonly reach: Reach;
  readonly keyId: string | null;
  readonly app: string | null;
  readonly consentToken: string | null;
  /** The answer may come in one piece: nobody reads it before, and it is expected within the time of a first token. */
  readonly whole: boolean;
  /** Null: nobody can be asked while the request waits. */
  readonly askConsent: AskConsent | null;
  readonly approvals: Approvals;
  /** Most that the request can cost here, whole nanodollars; null without a price. */
  readonly worstCostNanoUsd: number | null;
  /** Called before the first event with what the receipt must say of the crossing. */
  readonly onCrossing: (crossing: Crossing) => void;
}

export interface Crossing {
  readonly consentId: string | null;
  readonly redactions: Readonly<Record<string, number>>;
}

export interface Place {
  readonly tier: TierName;
  readonly endpoint: string;
  models(): readonly PlaceModel[];
  /** What runs and waits now; null where nobody can tell. */
  load(model: string): Omit<CandidateLoad, 'meanServiceMs'> | null;
  chat(request: ChatRequest, call: PlaceCall): AsyncIterable<ChatEvent>;
  complete(request: CompletionRequest, call: PlaceCall): AsyncIterable<ChatEvent>;
  embed(request: EmbeddingRequest, call: PlaceCall): Promise<EmbeddingResult>;
  /** Goes on from what the client got so far; null where the place cannot. */
  resume(request: ChatRequest, events: readonly ChatEvent[], call: PlaceCall): AsyncIterable<ChatEvent> | null;
  /**
   * What exactly a chat would send, where that is asked about before; absent elsewhere. Sends nothing. Throws GatewayError
   * `redaction-failed`, or TierError for what the place cannot say.
   */
  prepareChat?(request: ChatRequest): OutgoingRequest;
  close(): Promise<void>;
}
