/**
 * Reservations made ahead: under load a process holds one reservation for many requests of an owner (key and app), and
 * lets them in from memory. Each of their settlements takes its part out of it; what is left goes back when it is not
 * used. To the database a lease is a reservation like any other: it counts in budgets, and is reaped when its process dies.
 *
 * Fails closed: requests are let in from memory only while bookings succeed; after a moment of silence, or one that
 * failed, the database is asked. Knows no database and no rules of budgets.
 */
import type { Amounts, Reservation } from './ledger.js';
import { monthOf } from './month.js';

/** What a request holds of a lease. */
export interface Held extends Amounts {
  readonly leaseId: string;
}

export interface Leases {
  /** Lets a request in from what is held ahead; false where the database must be asked. */
  take(reservation: Reservation): boolean;
  held(id: string): Held | null;
  /** Sets what a request holds to larger amounts; false where its lease has no room for them. */
  extend(id: string, amounts: Amounts): boolean;
  /** The request's settlement took its part out of the lease. */
  settled(id: string): void;
  /** The request gives back what it holds. */
  giveBack(id: string): void;
  /** The database let a request in that no rate limit counts: many of these make a lease worth having. */
  admitted(reservation: Reservation): void;
  /** A booking succeeded just now. */
  booked(): void;
  /** A booking found the database away. */
  failed(): void;
  /** Gives up what is held ahead and not running; true where that was something. */
  release(): Promise<boolean>;
  /** The same, and takes no more. */
  close(): Promise<void>;
}

export interface LeasesOptions {
  /** Asks the database for a lease; null where it grants none. */
  readonly open: (wanted: Reservation, least: Amounts) => Promise<Amounts | null>;
  /** Gives the rest of a lease back. */
  readonly end: (leaseId: string) => Promise<void>;
  readonly newId: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that does not jump. */
  readonly clock: () => number;
}

/** So long after a booking that succeeded the database is taken to be there. */
const freshMs = 50;
/** So many requests of one owner within this time are load. */
const busy = { requests: 8, withinMs: 100 } as const;
/** A lease is for so many requests like the one that asked for it, and for no fewer than the least. */
const requestsAhead = { wanted: 512, least: 8 } as const;
/** The next one is asked for when less than this part is left. */
const lowShare = 0.5;
/** Requests enter for so long; then their lease outlives them as their own reservation would. */
const enterMs = 10_000;
/** Unused for so long, it goes back. */
const idleMs = 1_000;
const sweepMs = 500;

interface Lease {
  readonly id: string;
  readonly owner: Owner;
  readonly month: string;
  readonly expiresMs: number;
  readonly granted: Amounts;
  nanoUsd: number;
  tokens: number;
  /** What requests hold of it, by their ids. */
  readonly running: Map<string, Amounts>;
  /** Of the clock that does not jump. */
  readonly untilMs: number;
  usedMs: number;
}

interface Owner {
  readonly name: string;
  /** Those that requests may enter, oldest first. */
  leases: Lease[];
  isAsking: boolean;
  /** Requests that the database let in since `sinceMs`. */
  seen: number;
  sinceMs: number;
  /** Until then it is not asked again: it granted nothing. */
  refusedUntilMs: number;
}

const nameOf = ({ keyId, app }: Pick<Reservation, 'keyId' | 'app'>): string => JSON.stringify([keyId, app]);

export const createLeases = ({ open, end, newId, now, clock }: LeasesOptions): Leases => {
  const owners = new Map<string, Owner>();
  const leaseOf = new Map<string, Lease>();
  let bookedMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;
  let sweeping: NodeJS.Timeout | null = null;

  const give = (lease: Lease): Promise<void> => end(lease.id).catch(() => undefined);

  /** Nobody enters it any more; its rest goes back when the last of its requests is over. */
  const retire = (lease: Lease): Promise<void> | null => {
    const { owner } = lease;
    owner.leases = owner.leases.filter((one) => one !== lease);
    return lease.running.size === 0 ? give(lease) : null;
  };

  const leave = (id: string): { readonly lease: Lease; readonly amounts: Amounts } | null => {
    const lease = leaseOf.get(id);
    const amounts = lease?.running.get(id);
    if (lease === undefined || amounts === undefined) return null;
    leaseOf.delete(id);
    lease.running.delete(id);
    return { lease, amounts };
  };

  const endIfLast = (lease: Lease): void => {
    if (lease.running.size === 0 && !lease.owner.leases.includes(lease)) void give(lease);
  };

  const isOver = (lease: Lease, nowMs: number): boolean =>
    nowMs >= lease.untilMs || nowMs - lease.usedMs >= idleMs || lease.month !== monthOf(now());

  const sweep = (): void => {
    const nowMs = clock();
    for (const owner of owners.values()) {
      for (const lease of owner.leases) if (isOver(lease, nowMs)) void retire(lease);
      if (owner.leases.length === 0 && !owner.isAsking && nowMs - owner.sinceMs > idleMs) owners.delete(owner.name);
    }
    if (owners.size > 0) return;
    clearInterval(sweeping!);
    sweeping = null;
  };

  const ownerOf = (reservation: Reservation): Owner => {
    const name = nameOf(reservation);
    let owner = owners.get(name);
    if (owner === undefined) {
      owner = { name, leases: [], isAsking: false, seen: 0, sinceMs: clock(), refusedUntilMs: 0 };
      owners.set(name, owner);
      sweeping ??= setInterval(sweep, sweepMs).unref();
    }
    return owner;
  };

  /** Asks for a lease for requests like this one. */
  const ask = async (owner: Owner, { keyId, app, nanoUsd, tokens, expiresMs }: Reservation): Promise<void> => {
    const nowMs = clock();
    if (owner.isAsking || isClosed || nowMs < owner.refusedUntilMs) return;
    owner.isAsking = true;
    const times = (count: number): Amounts => ({
      nanoUsd: Math.min(nanoUsd * count, Number.MAX_SAFE_INTEGER),
      tokens: Math.min(tokens * count, Number.MAX_SAFE_INTEGER),
    });
    const wanted: Reservation = {
      id: newId(),
      keyId,
      app,
      ...times(requestsAhead.wanted),
      expiresMs: expiresMs + enterMs,
    };
    const month = monthOf(now());
    try {
      const granted = await open(wanted, times(requestsAhead.least));
      if (granted === null) {
        owner.refusedUntilMs = clock() + idleMs;
        return;
      }
      const lease: Lease = {
        id: wanted.id,
        owner,
        month,
        expiresMs: wanted.expiresMs,
        granted,
        ...granted,
        running: new Map(),
        untilMs: nowMs + enterMs,
        usedMs: clock(),
      };
      // The month may have ended on the way: then it is not known which of the two it is of.
      if (isClosed || monthOf(now()) !== month) await give(lease);
      else owner.leases.push(lease);
    } catch {
      // Whoever asks the database next hears what is wrong with it.
      owner.refusedUntilMs = clock() + idleMs;
    } finally {
      owner.isAsking = false;
    }
  };

  const enter = (lease: Lease, { id, nanoUsd, tokens }: Reservation): void => {
    lease.nanoUsd -= nanoUsd;
    lease.tokens -= tokens;
    lease.running.set(id, { nanoUsd, tokens });
    leaseOf.set(id, lease);
    lease.usedMs = clock();
  };

  const isLow = ({ nanoUsd, tokens, granted }: Lease): boolean =>
    nanoUsd < granted.nanoUsd * lowShare || tokens < granted.tokens * lowShare;

  const release = async (): Promise<boolean> => {
    const ends = [...owners.values()].flatMap(({ leases }) => leases.flatMap((lease) => retire(lease) ?? []));
    await Promise.all(ends);
    return ends.length > 0;
  };

  return {
    take(reservation) {
      const nowMs = clock();
      if (owners.size === 0 || reservation.rateLimits !== undefined || nowMs - bookedMs > freshMs) return false;
      const owner = owners.get(nameOf(reservation));
      if (owner === undefined || owner.leases.length === 0 || leaseOf.has(reservation.id)) return false;
      const { nanoUsd, tokens, expiresMs } = reservation;
      const month = monthOf(now());
      for (const [index, lease] of owner.leases.entries()) {
        if (nanoUsd > lease.nanoUsd || tokens > lease.tokens || expiresMs > lease.expiresMs) continue;
        if (nowMs >= lease.untilMs || lease.month !== month) continue;
        enter(lease, reservation);
        if (index === owner.leases.length - 1 && isLow(lease)) void ask(owner, reservation);
        return true;
      }
      // What has no room for a request like this is of no more use.
      for (const lease of owner.leases) void retire(lease);
      void ask(owner, reservation);
      return false;
    },
    held(id) {
      const lease = leaseOf.get(id);
      const amounts = lease?.running.get(id);
      return lease === undefined || amounts === undefined ? null : { leaseId: lease.id, ...amounts };
    },
    extend(id, { nanoUsd, tokens }) {
      const lease = leaseOf.get(id);
      const has = lease?.running.get(id);
      if (lease === undefined || has === undefined) return false;
      const more = { nanoUsd: Math.max(0, nanoUsd - has.nanoUsd), tokens: Math.max(0, tokens - has.tokens) };
      if (more.nanoUsd > lease.nanoUsd || more.tokens > lease.tokens) return false;
      lease.nanoUsd -= more.nanoUsd;
      lease.tokens -= more.tokens;
      lease.running.set(id, { nanoUsd: has.nanoUsd + more.nanoUsd, tokens: has.tokens + more.tokens });
      return true;
    },
    settled(id) {
      const left = leave(id);
      if (left !== null) endIfLast(left.lease);
    },
    giveBack(id) {
      const left = leave(id);
      if (left === null) return;
      const { lease, amounts } = left;
      lease.nanoUsd += amounts.nanoUsd;
      lease.tokens += amounts.tokens;
      endIfLast(lease);
    },
    admitted(reservation) {
      const nowMs = clock();
      const owner = ownerOf(reservation);
      if (nowMs - owner.sinceMs > busy.withinMs) {
        owner.seen = 0;
        owner.sinceMs = nowMs;
      }
      if (++owner.seen >= busy.requests && owner.leases.length === 0) void ask(owner, reservation);
    },
    booked() {
      bookedMs = clock();
    },
    failed() {
      bookedMs = Number.NEGATIVE_INFINITY;
    },
    release,
    async close() {
      isClosed = true;
      if (sweeping !== null) clearInterval(sweeping);
      sweeping = null;
      await release();
    },
  };
};
