/**
 * Rate limits over a sliding minute: in any 60 seconds at most so many requests and tokens. Pure.
 *
 * A key's window is a list of slots, one for each second in which something came; a slot leaves 60 seconds after the last
 * thing in it. Time that jumps back cannot lock a key out for longer than a minute: what the window holds of the future is
 * made to be of now. Time that jumps forward empties the window once.
 */

export const windowMs = 60_000;
const slotMs = 1_000;

/** `ms` is the time of the last thing in the slot. */
export interface RateSlot {
  readonly ms: number;
  readonly requests: number;
  readonly tokens: number;
}

export type RateKind = 'requests' | 'tokens';

export const parseSlots = (text: string): RateSlot[] =>
  (JSON.parse(text) as [number, number, number][]).map(([ms, requests, tokens]) => ({ ms, requests, tokens }));

export const formatSlots = (slots: readonly RateSlot[]): string =>
  JSON.stringify(slots.map(({ ms, requests, tokens }) => [ms, requests, tokens]));

const secondOf = (ms: number): number => Math.floor(ms / slotMs);

/** Puts a slot into a list, together with one of the same second if there is one. */
const addSlot = (slots: readonly RateSlot[], slot: RateSlot): RateSlot[] => {
  const index = slots.findIndex(({ ms }) => secondOf(ms) === secondOf(slot.ms));
  if (index === -1) return [...slots, slot];
  const { ms, requests, tokens } = slots[index]!;
  return slots.with(index, {
    ms: Math.max(ms, slot.ms),
    requests: requests + slot.requests,
    tokens: tokens + slot.tokens,
  });
};

/** The slots that count at `nowMs`; those from the future as one of now. One for each second. */
export const currentSlots = (slots: readonly RateSlot[], nowMs: number): RateSlot[] => {
  const counting = slots.filter(({ ms }) => ms > nowMs - windowMs);
  return counting
    .filter(({ ms }) => ms > nowMs)
    .reduce(
      (current, slot) => addSlot(current, { ...slot, ms: nowMs }),
      counting.filter(({ ms }) => ms <= nowMs),
    );
};

/** True where the clock stands before something that is in the window. */
export const isAhead = (slots: readonly RateSlot[], nowMs: number): boolean => slots.some(({ ms }) => ms > nowMs);

const used = (slots: readonly RateSlot[], kind: RateKind): number => slots.reduce((sum, slot) => sum + slot[kind], 0);

/** What is left of `limit` at `nowMs`; `resetMs` from now until all of it is back. */
export const rateState = (
  slots: readonly RateSlot[],
  { limit, kind, nowMs }: { readonly limit: number; readonly kind: RateKind; readonly nowMs: number },
): { readonly limit: number; readonly remaining: number; readonly resetMs: number } => {
  const current = currentSlots(slots, nowMs).filter((slot) => slot[kind] > 0);
  const last = current.reduce((latest, { ms }) => Math.max(latest, ms), nowMs - windowMs);
  return { limit, remaining: Math.max(0, limit - used(current, kind)), resetMs: last + windowMs - nowMs };
};

/** Milliseconds until `amount` fits under `limit`: 0 when it does now, a whole window when it never will. */
export const waitForMs = (
  slots: readonly RateSlot[],
  {
    limit,
    kind,
    amount,
    nowMs,
  }: { readonly limit: number; readonly kind: RateKind; readonly amount: number; readonly nowMs: number },
): number => {
  if (amount > limit) return windowMs;
  const current = currentSlots(slots, nowMs).sort((a, b) => a.ms - b.ms);
  let over = used(current, kind) + amount - limit;
  if (over <= 0) return 0;
  for (const slot of current) {
    over -= slot[kind];
    if (over <= 0) return slot.ms + windowMs - nowMs;
  }
  return windowMs;
};

/** The window with one more request of so many tokens. */
export const takeRate = (
  slots: readonly RateSlot[],
  { nowMs, tokens }: { readonly nowMs: number; readonly tokens: number },
): RateSlot[] => addSlot(currentSlots(slots, nowMs), { ms: nowMs, requests: 1, tokens });

/** The window with something of the request at `ms` given back (or, below zero, taken in addition), if it still counts. */
export const giveBackRate = (
  slots: readonly RateSlot[],
  { ms, requests, tokens }: { readonly ms: number; readonly requests: number; readonly tokens: number },
): readonly RateSlot[] => {
  const index = slots.findIndex((slot) => secondOf(slot.ms) === secondOf(ms));
  if (index === -1) return slots;
  const slot = slots[index]!;
  return slots.with(index, {
    ms: slot.ms,
    requests: Math.max(0, slot.requests - requests),
    tokens: Math.max(0, slot.tokens - tokens),
  });
};
