/**
 * Checks what callers hand to the ledger, before a database sees it: one wrong value would fail a whole batch there.
 * Throws LedgerError `invalid` with the name and the value at fault.
 */
import type { BudgetRecord, ConsentRecord, Reservation, Settlement, UsageQuery } from './ledger.js';
import { LedgerError } from './ledger-error.js';

const longestText = 1000;
/** The last millisecond that has a four-digit year. */
const latestMs = Date.UTC(10_000, 0, 1) - 1;

const refuse = (action: string, reason: string): never => {
  throw new LedgerError('invalid', `Cannot ${action}: ${reason}.`);
};

/** Not empty, no longer than `longestText`, and text that every database can hold. */
const checkText = (action: string, name: string, value: unknown): void => {
  if (typeof value !== 'string' || value === '') refuse(action, `${name} must be a text that is not empty`);
  const text = value as string;
  if (text.length > longestText)
    refuse(action, `${name} has ${text.length} characters, at most ${longestText} are allowed`);
  if (!text.isWellFormed() || text.includes('\0')) refuse(action, `${name} holds a NUL or half of a surrogate pair`);
};

const checkTextOrNull = (action: string, name: string, value: unknown): void => {
  if (value !== null) checkText(action, name, value);
};

const checkWhole = (action: string, name: string, value: unknown, range: { least: number; most: number }): void => {
  if (!Number.isSafeInteger(value) || (value as number) < range.least || (value as number) > range.most)
    refuse(action, `${name} must be a whole number from ${range.least} to ${range.most}, not ${String(value)}`);
};

const amounts = { least: 0, most: Number.MAX_SAFE_INTEGER };
const times = { least: 0, most: latestMs };

export const checkTime = (action: string, name: string, value: unknown): void => checkWhole(action, name, value, times);

export const checkId = (action: string, id: unknown): void => checkText(action, 'its id', id);

export const checkReservation = (reservation: Reservation): void => {
  checkText('reserve', 'the id', reservation.id);
  const action = `reserve for request ${reservation.id}`;
  checkTextOrNull(action, 'keyId', reservation.keyId);
  checkTextOrNull(action, 'app', reservation.app);
  checkWhole(action, 'nanoUsd', reservation.nanoUsd, amounts);
  checkWhole(action, 'tokens', reservation.tokens, amounts);
  checkTime(action, 'expiresMs', reservation.expiresMs);
};

/** The receipt must say what is booked: a receipt of another amount would be a false statement, signed. */
export const checkSettlement = ({ reservationId, nanoUsd, tokens, receipt }: Settlement): void => {
  checkText('settle', 'the reservation id', reservationId);
  const action = `settle request ${reservationId}`;
  checkWhole(action, 'nanoUsd', nanoUsd, amounts);
  checkWhole(action, 'tokens', tokens, amounts);
  for (const name of ['id', 'requestId', 'tier', 'model', 'endpoint'] as const)
    checkText(action, `receipt.${name}`, receipt[name]);
  checkTextOrNull(action, 'receipt.keyId', receipt.keyId);
  checkTextOrNull(action, 'receipt.app', receipt.app);
  for (const name of ['startedMs', 'endedMs'] as const) checkTime(action, `receipt.${name}`, receipt[name]);
  for (const name of ['promptTokens', 'cachedTokens', 'completionTokens', 'costNanoUsd'] as const)
    checkWhole(action, `receipt.${name}`, receipt[name], amounts);
  if (receipt.costNanoUsd !== nanoUsd)
    refuse(action, `its receipt says ${receipt.costNanoUsd} nanodollars, ${nanoUsd} are to be booked`);
};

export const checkNewKey = (key: {
  readonly name: string;
  readonly app?: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}): void => {
  checkText('create a key', 'its name', key.name);
  if (key.app !== undefined) checkText('create a key', 'its app', key.app);
  for (const name of ['requestsPerMinute', 'tokensPerMinute'] as const)
    if (key[name] !== undefined) checkWhole('create a key', name, key[name], { ...amounts, least: 1 });
};

export const checkBudget = (budget: Omit<BudgetRecord, 'id'>): void => {
  const action = 'set a budget';
  checkTextOrNull(action, 'keyId', budget.keyId);
  checkTextOrNull(action, 'app', budget.app);
  if (budget.keyId !== null && budget.app !== null)
    refuse(action, 'it is of a key or of an app, not of both; set one for each');
  if (budget.perMonthNanoUsd === null && budget.perMonthTokens === null)
    refuse(action, 'it needs a limit in USD or in tokens');
  for (const name of ['perMonthNanoUsd', 'perMonthTokens'] as const)
    if (budget[name] !== null) checkWhole(action, name, budget[name], amounts);
};

export const checkConsent = (consent: Omit<ConsentRecord, 'state'>): void => {
  checkText('ask for consent', 'its id', consent.id);
  const action = `ask for consent ${consent.id}`;
  for (const name of ['provider', 'model', 'contentHash'] as const) checkText(action, name, consent[name]);
  checkTextOrNull(action, 'keyId', consent.keyId);
  for (const name of ['createdMs', 'expiresMs'] as const) checkTime(action, name, consent[name]);
};

export const checkUsageQuery = ({ fromMs, toMs }: UsageQuery): void => {
  checkTime('add up usage', 'fromMs', fromMs);
  checkTime('add up usage', 'toMs', toMs);
};

export const checkReceiptsQuery = ({ after, limit }: { readonly after?: number; readonly limit: number }): void => {
  if (after !== undefined) checkWhole('list receipts', 'after', after, amounts);
  checkWhole('list receipts', 'limit', limit, { least: 0, most: 100_000 });
};
