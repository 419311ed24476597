/**
 * Who holds which cells: slots, running or retained after their end, and states spilled to host memory; and the choice
 * of where a new sequence goes and whose prefix it takes.
 *
 * Changes are booked at once and handed out as operations; whether one failed comes back through `forget`. Knows
 * nothing of queues, steps or time.
 */
import { type CellLedger, createCellLedger } from './scheduler-cells.js';
import { createPrefixTree, type PrefixTree } from './scheduler-prefix-tree.js';
import { createSpillStore, type Spilled } from './scheduler-spill.js';
import type { CacheOperation, SchedulerConfig } from './scheduler-types.js';

/** Tokens with cells behind them, in a slot or spilled. */
export interface Holder {
  readonly scope: string;
  /** What it holds, or will hold once its prompt is computed. */
  readonly tokens: Int32Array;
  /** -1 when spilled. */
  slot: number;
  spilled: Spilled<Holder> | null;
  running: boolean;
  /** Leading tokens computed by the exact rules. */
  exactTokens: number;
}

export interface PlaceRequest {
  readonly scope: string;
  /** All tokens to be computed; null where unknown. */
  readonly tokens: Int32Array | null;
  readonly length: number;
  readonly exact: boolean;
}

export interface Placement {
  readonly slot: number;
  /** Tokens taken over from the cache. */
  readonly cached: number;
  /** How many of those are exact. */
  readonly exactTokens: number;
}

/** A running sequence that is about to compute a prefix worth waiting for. */
export interface Leader {
  readonly holder: Holder;
  readonly shared: number;
}

export interface SchedulerCache {
  readonly cells: CellLedger;
  readonly operations: CacheOperation[];
  /** A running sequence worth waiting for, or null. */
  leader(request: PlaceRequest): Leader | null;
  /** Takes the slot of a running sequence that waited and lets it have the best prefix now. */
  attach(slot: number, request: PlaceRequest): Placement;
  /** Finds a slot; null when none is idle. `needed` cells (beside those shared) are made free where the pool allows. */
  place(request: PlaceRequest, needed: number): Placement | null;
  /** The slot's sequence ended: retains its cells as `tokens`, or frees them when null. */
  release(slot: number, tokens: Int32Array | null, exactTokens: number, scope: string): void;
  /** Frees cells by evicting the least recently used retained slot; false when there is none. */
  evictOne(): boolean;
  /** The operation on this slot failed: nothing is in it. */
  forget(slot: number): void;
  /** The state could not be kept. */
  forgetBlob(blob: number): void;
  spilledBytes(): number;
  holderOf(slot: number): Holder | null;
}

interface Found {
  best: Holder | null;
  /** Tokens of `best` that can be taken. */
  usable: number;
  leader: Leader | null;
}

/** A follower saves at least this many tokens, otherwise waiting is not worth it. */
const worthFollowing = 32;
/** Holders looked at per search; the tree shows the longest prefixes first. */
const searchLimit = 64;

export const createSchedulerCache = (config: SchedulerConfig, promptMsPerToken: () => number): SchedulerCache => {
  const separate = config.layout === 'separate';
  const cells = createCellLedger({
    total: separate ? config.slots * config.contextLength : config.cells,
    slots: config.slots,
    shares: !separate,
  });
  const operations: CacheOperation[] = [];
  const trees = new Map<string, PrefixTree<Holder>>();
  /** What each slot holds; null for empty ones and for running ones whose tokens nobody knows. */
  const holders: (Holder | null)[] = new Array(config.slots).fill(null);
  const running = new Set<number>();
  /** Retained slots, least recently used first. */
  const retained = new Set<number>();
  const blobs = new Map<number, Holder>();

  const enroll = (holder: Holder): void => {
    let tree = trees.get(holder.scope);
    if (tree === undefined) {
      tree = createPrefixTree();
      trees.set(holder.scope, tree);
    }
    tree.insert(holder.tokens, holder);
  };
  const strike = (holder: Holder): void => {
    const tree = trees.get(holder.scope);
    tree?.remove(holder);
    if (tree?.size === 0) trees.delete(holder.scope);
  };

  const spills = createSpillStore<Holder>({
    limitBytes: config.spillBytes,
    dropped(spilled) {
      blobs.delete(spilled.blob);
      strike(spilled.entry);
    },
  });

  const valid = (holder: Holder): number =>
    holder.spilled === null ? Math.min(cells.length(holder.slot), holder.tokens.length) : holder.tokens.length;

  const spillIfWorth = (slot: number): void => {
    const holder = holders[slot] ?? null;
    if (holder === null || trees.get(holder.scope)?.isCovered(holder) !== false) return;
    const tokens = valid(holder);
    const moveMs = 2 * tokens * config.moveMsPerCell;
    if (tokens < Math.max(config.smallestPrefix, 1) || moveMs >= tokens * promptMsPerToken()) return;
    const kept: Holder = { ...holder, slot: -1, running: false };
    const spilled = spills.add(kept, tokens * config.cellBytes, operations);
    if (spilled === null) return;
    kept.spilled = spilled;
    blobs.set(spilled.blob, kept);
    enroll(kept);
    operations.push({ type: 'spill', slot, blob: spilled.blob });
  };

  const trim = (slot: number, length: number): void => {
    if (cells.length(slot) <= length) return;
    cells.truncate(slot, length);
    operations.push({ type: 'remove', slot, from: length });
  };

  const empty = (slot: number): void => {
    const holder = holders[slot] ?? null;
    if (holder !== null) strike(holder);
    holders[slot] = null;
    retained.delete(slot);
    trim(slot, 0);
  };

  const evict = (slot: number): void => {
    spillIfWorth(slot);
    empty(slot);
  };

  /** The longest prefix whose cells are there, and the best of those still to come. */
  const search = (request: PlaceRequest): Found => {
    const found: Found = { best: null, usable: 0, leader: null };
    const tree = request.tokens === null ? undefined : trees.get(request.scope);
    if (tree === undefined || config.prefixReuse === 'none') return found;
    // The last token is always computed: its logits are wanted.
    const wanted = request.tokens!.subarray(0, request.length - 1);
    let looked = 0;
    tree.match(wanted, (holder, shared) => {
      if (shared < config.smallestPrefix || shared < found.usable || ++looked > searchLimit) return true;
      const there = valid(holder);
      let take = Math.min(shared, there);
      if (config.prefixReuse === 'whole') take = !holder.running && holder.tokens.length === take ? take : 0;
      if (request.exact) take = Math.min(take, holder.exactTokens);
      const better = take > found.usable || (take === found.usable && closer(holder, found.best));
      if (take >= Math.max(config.smallestPrefix, 1) && better) {
        found.best = holder;
        found.usable = take;
      }
      const coming = holder.running && shared > there && config.prefixReuse === 'any';
      if (coming && (!request.exact || holder.exactTokens >= there) && shared > (found.leader?.shared ?? 0))
        found.leader = { holder, shared };
      return false;
    });
    return found;
  };

  /** Of equal prefixes, the one that costs least to take: retained in its own slot, then any slot, then spilled. */
  const closer = (a: Holder, b: Holder | null): boolean => {
    const cost = (holder: Holder | null): number =>
      holder === null ? 3 : holder.spilled !== null ? 2 : holder.running ? 1 : 0;
    return cost(a) < cost(b);
  };

  const moveMs = (holder: Holder): number => {
    if (holder.spilled !== null) return holder.tokens.length * config.moveMsPerCell;
    if (!separate) return 0;
    return Math.min(config.contextLength, 2 * cells.length(holder.slot)) * config.moveMsPerCell;
  };

  /** Puts the prefix of `source` into the empty slot. */
  const take = (source: Holder, slot: number, tokens: number): void => {
    if (source.spilled !== null) {
      operations.push({ type: 'restore', slot, blob: source.spilled.blob, tokens });
      cells.extend(slot, tokens);
      if (tokens === source.tokens.length) spills.drop(source.spilled, operations);
      else spills.touch(source.spilled);
      return;
    }
    operations.push({ type: 'copy', slot: source.slot, to: slot, tokens, length: cells.length(source.slot) });
    cells.share(source.slot, slot, tokens);
    if (retained.delete(source.slot)) retained.add(source.slot);
  };

  const settle = (slot: number, request: PlaceRequest, cached: number, exactTokens: number): Placement => {
    running.add(slot);
    retained.delete(slot);
    if (request.tokens !== null && config.prefixReuse !== 'none') {
      const tokens = request.tokens.subarray(0, request.length);
      const holder: Holder = { scope: request.scope, tokens, slot, spilled: null, running: true, exactTokens };
      holders[slot] = holder;
      enroll(holder);
    }
    return { slot, cached, exactTokens };
  };

  const firstEmpty = (): number | null => {
    for (let slot = 0; slot < config.slots; slot++) if (!running.has(slot) && !retained.has(slot)) return slot;
    return null;
  };

  /** Takes over a retained slot as it stands, cut to the shared prefix. */
  const takeOver = (source: Holder, request: PlaceRequest, usable: number): Placement => {
    const { slot, exactTokens } = source;
    if (cells.length(slot) > usable && !isContinuation(source, usable)) spillIfWorth(slot);
    strike(source);
    holders[slot] = null;
    trim(slot, usable);
    return settle(slot, request, usable, Math.min(usable, exactTokens));
  };

  /** True when little of the holder is lost by cutting it there. */
  const isContinuation = (holder: Holder, usable: number): boolean =>
    cells.length(holder.slot) - usable < Math.max(config.smallestPrefix, usable / 8);

  /** Cells of the wanted source that need not be found anew, because they are shared or taken over. */
  const spared = ({ best, usable }: Found): number => (best === null || best.spilled !== null ? 0 : usable);

  /** Frees cells that only retained slots hold until `needed` are free, the wanted source last; false if it can't be. */
  const makeRoom = (needed: number, found: Found): boolean => {
    const missing = (): boolean => cells.total - cells.used() < needed - spared(found);
    if (separate || !missing()) return true;
    if (cells.total - cells.heldBy(running) < needed) return false;
    for (const slot of [...retained]) {
      if (!missing()) break;
      if (slot !== found.best?.slot) evict(slot);
    }
    return true;
  };

  const place = (request: PlaceRequest, needed: number): Placement | null => {
    if (running.size >= config.slots) return null;
    const found = search(request);
    const { best } = found;
    const own = best !== null && best.spilled === null && !best.running;
    const worth = best !== null && moveMs(best) < found.usable * promptMsPerToken();
    if (!own && !worth) found.best = null;
    if (found.best === null) found.usable = 0;
    if (!makeRoom(needed, found)) return null;
    let target = firstEmpty();
    const cramped = !separate && cells.total - cells.used() < needed - spared(found);
    if (own && (cramped || !worth || isContinuation(best, found.usable) || (target === null && retained.size === 1)))
      return takeOver(best, request, found.usable);
    if (target === null) {
      for (const slot of retained)
        if (slot !== found.best?.slot) {
          target = slot;
          break;
        }
      if (target === null) return null;
      evict(target);
    }
    const source = found.best;
    // Making room may have dropped the very state that was wanted.
    if (source === null || (source.spilled !== null && !blobs.has(source.spilled.blob)))
      return settle(target, request, 0, 0);
    const exactTokens = Math.min(found.usable, source.exactTokens);
    take(source, target, found.usable);
    return settle(target, request, found.usable, exactTokens);
  };

  return {
    cells,
    operations,
    leader(request) {
      const { usable, leader } = search(request);
      return leader !== null && leader.shared - usable >= worthFollowing ? leader : null;
    },
    attach(slot, request) {
      const { best, usable } = search(request);
      if (best === null || moveMs(best) >= usable * promptMsPerToken()) return settle(slot, request, 0, 0);
      const exactTokens = Math.min(usable, best.exactTokens);
      take(best, slot, usable);
      return settle(slot, request, usable, exactTokens);
    },
    place,
    release(slot, tokens, exactTokens, scope) {
      running.delete(slot);
      const holder = holders[slot] ?? null;
      if (holder !== null) {
        strike(holder);
        holder.running = false;
      }
      holders[slot] = null;
      if (
        tokens === null ||
        tokens.length === 0 ||
        config.prefixReuse === 'none' ||
        tokens.length < config.smallestPrefix
      )
        return trim(slot, 0);
      const kept: Holder = { scope, tokens, slot, spilled: null, running: false, exactTokens };
      holders[slot] = kept;
      retained.add(slot);
      enroll(kept);
    },
    evictOne() {
      for (const slot of retained) {
        evict(slot);
        return true;
      }
      return false;
    },
    forget(slot) {
      cells.truncate(slot, 0);
      const holder = holders[slot] ?? null;
      if (holder !== null) holder.exactTokens = 0;
    },
    forgetBlob(blob) {
      const holder = blobs.get(blob);
      if (holder?.spilled != null) spills.drop(holder.spilled, operations);
    },
    spilledBytes: spills.bytes,
    holderOf: (slot) => holders[slot] ?? null,
  };
};
