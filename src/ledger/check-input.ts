/**
 * Checks what callers hand to the ledger, before a database sees it: one wrong value would fail a whole batch there.
 * Throws LedgerError `invalid` with the name and the value at fault.
 */
import type { BudgetRecord, ConsentRecord, Reservation, Settlement } from './ledger.js';
import { LedgerError } from './ledger-error.js';

const longestText = 1000;
/** The last millisecond that has a four-digit year. */
const latestMs = Date.UTC(10_000, 0, 1) - 1;

interface Range {
  readonly least: number;
  readonly most: number;
}

const amounts: Range = { least: 0, most: Number.MAX_SAFE_INTEGER };
const times: Range = { least: 0, most: latestMs };

/** Checks of the arguments of one action, whose messages begin with it; `values` are named as callers name them. */
const checksFor = (action: string) => {
  const refusal = (reason: string): LedgerError => new LedgerError('invalid', `Cannot ${action}: ${reason}.`);
  /** Not empty, no longer than `longestText`, and text that every database can hold. */
  const text = (name: string, value: unknown): void => {
    if (typeof value !== 'string' || value === '') throw refusal(`${name} must be a text that is not empty`);
    if (value.length > longestText)
      throw refusal(`${name} has ${value.length} characters, at most ${longestText} are allowed`);
    if (!value.isWellFormed() || value.includes('\0')) throw refusal(`${name} holds a NUL or half of a surrogate pair`);
  };
  return {
    refusal,
    texts: (values: Readonly<Record<string, unknown>>): void => {
      for (const name in values) text(name, values[name]);
    },
    /** Texts where they are there. */
    textsOrNull: (values: Readonly<Record<string, unknown>>): void => {
      for (const name in values) if (values[name] !== null && values[name] !== undefined) text(name, values[name]);
    },
    wholes: (values: Readonly<Record<string, unknown>>, { least, most }: Range): void => {
      for (const name in values) {
        const value = values[name];
        if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
          throw refusal(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`);
      }
    },
  };
};

export const checkTime = (action: string, values: Readonly<Record<string, unknown>>): void =>
  checksFor(action).wholes(values, times);

export const checkId = (action: string, id: unknown): void => checksFor(action).texts({ 'its id': id });

export const checkReservation = (reservation: Reservation): void => {
  const { id, keyId, app, nanoUsd, tokens, expiresMs, rateLimits } = reservation;
  const { texts, textsOrNull, wholes } = checksFor('reserve for a request');
  texts({ id });
  textsOrNull({ keyId, app });
  wholes({ nanoUsd, tokens }, amounts);
  wholes({ expiresMs }, times);
  for (const { requestsPerMinute, tokensPerMinute } of rateLimits ?? [])
    wholes(
      { requestsPerMinute: requestsPerMinute ?? 1, tokensPerMinute: tokensPerMinute ?? 1 },
      { ...amounts, least: 1 },
    );
};

/** The receipt must say what is booked: a receipt of another amount would be a false statement, signed. */
export const checkSettlement = ({ reservationId, nanoUsd, tokens, receipt }: Settlement): void => {
  const { refusal, texts, textsOrNull, wholes } = checksFor('settle a request');
  const { id, requestId, tier, model, endpoint, keyId, app, startedMs, endedMs } = receipt;
  texts({ reservationId, id, requestId, tier, model, endpoint });
  textsOrNull({ keyId, app });
  wholes({ startedMs, endedMs }, times);
  const { promptTokens, cachedTokens, completionTokens, costNanoUsd } = receipt;
  wholes({ nanoUsd, tokens, promptTokens, cachedTokens, completionTokens, costNanoUsd }, amounts);
  if (costNanoUsd !== nanoUsd)
    throw refusal(`its receipt says ${costNanoUsd} nanodollars, ${nanoUsd} are to be booked`);
};

export const checkNewKey = (key: {
  readonly name: string;
  readonly app?: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}): void => {
  const { texts, textsOrNull, wholes } = checksFor('create a key');
  texts({ name: key.name });
  textsOrNull({ app: key.app });
  const { requestsPerMinute = 1, tokensPerMinute = 1 } = key;
  wholes({ requestsPerMinute, tokensPerMinute }, { ...amounts, least: 1 });
};

export const checkBudget = ({ keyId, app, perMonthNanoUsd, perMonthTokens }: Omit<BudgetRecord, 'id'>): void => {
  const { refusal, textsOrNull, wholes } = checksFor('set a budget');
  textsOrNull({ keyId, app });
  if (keyId !== null && app !== null) throw refusal('it is of a key or of an app, not of both; set one for each');
  if (perMonthNanoUsd === null && perMonthTokens === null) throw refusal('it needs a limit in USD or in tokens');
  wholes({ perMonthNanoUsd: perMonthNanoUsd ?? 0, perMonthTokens: perMonthTokens ?? 0 }, amounts);
};

export const checkConsent = (consent: Omit<ConsentRecord, 'state'>): void => {
  const { texts, textsOrNull, wholes } = checksFor('ask for consent');
  const { id, provider, model, contentHash, keyId, app, createdMs, expiresMs } = consent;
  texts({ id, provider, model, contentHash });
  textsOrNull({ keyId, app });
  wholes({ createdMs, expiresMs }, times);
};

export const checkReceiptsQuery = ({ after, limit }: { readonly after?: number; readonly limit: number }): void => {
  const { wholes } = checksFor('list receipts');
  wholes({ after: after ?? 0 }, amounts);
  wholes({ limit }, { least: 0, most: 100_000 });
};
