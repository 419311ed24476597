/**
 * What passes between the process that has an engine host and those that share it: the host's own commands and messages,
 * and what its supervisor says. Plain data.
 */
import type { EngineModelInfo } from './engine.js';
import type { HostCommand, HostMessage, WireError } from './host/protocol.js';

/** A host's life: it grows whenever one is lost, so that nobody's command reaches a host that it was not meant for. */
type Life = number;

/** From those who share. Ids are the sender's own. */
export type RelayCommand =
  | { readonly type: 'attach' }
  | { readonly type: 'command'; readonly life: Life; readonly command: HostCommand };

/** To those who share. */
export type RelayMessage =
  /** There is a host, from now on or again. */
  | {
      readonly type: 'ready';
      readonly life: Life;
      readonly info: EngineModelInfo;
      readonly restarts: number;
      readonly pid: number | undefined;
    }
  | { readonly type: 'message'; readonly message: HostMessage; readonly binary: Uint8Array | null }
  | { readonly type: 'lost'; readonly life: Life; readonly error: WireError };
