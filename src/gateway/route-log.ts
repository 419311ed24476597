/**
 * Remembers decisions, so that `GET /v1/routes/{id}` can explain them: what was planned, and how each try ended.
 *
 * Bounded, in memory, of this server only. Holds no content: candidates, reasons, codes and times.
 */
import type { Route } from '../route/route.js';

export interface RouteTry {
  readonly candidateId: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** `answered`, `handed-over`, `cancelled`, or the code of the failure. */
  readonly outcome: string;
  /** Started beside another one that was slow. */
  readonly isHedge: boolean;
}

export interface RouteRecord {
  readonly id: string;
  /** Only this key may read it; null: anybody without keys. */
  readonly keyId: string | null;
  readonly createdMs: number;
  readonly route: Route;
  readonly tries: readonly RouteTry[];
  /** Candidate that answered; null where none did. */
  readonly servedBy: string | null;
  readonly costNanoUsd: number | null;
  readonly receiptId: string | null;
}

export interface RouteLog {
  add(record: RouteRecord): void;
  /** The record, where it is still there and this key may see it. */
  get(id: string, keyId: string | null): RouteRecord | null;
}

export const createRouteLog = (options: { readonly maxEntries: number }): RouteLog => {
  const records = new Map<string, RouteRecord>();
  return {
    add(record) {
      records.set(record.id, record);
      if (records.size > options.maxEntries) records.delete(records.keys().next().value!);
    },
    get(id, keyId) {
      const record = records.get(id);
      return record !== undefined && record.keyId === keyId ? record : null;
    },
  };
};
