/**
 * The ledger against a model of it that fits on a page: random sequences of everything that moves money must give the same
 * answers and the same sums, on both databases.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { onBothDatabases } from './databases.test-support.js';
import type { BudgetState, Ledger } from './ledger.js';
import { monthOf } from './month.js';
import { reservation, settlement, startMs } from './requests.test-support.js';

type Move =
  | {
      readonly type: 'reserve';
      readonly id: number;
      readonly app: string | null;
      readonly nanoUsd: number;
      readonly tokens: number;
    }
  | { readonly type: 'raise'; readonly id: number; readonly nanoUsd: number; readonly tokens: number }
  | { readonly type: 'settle'; readonly id: number; readonly nanoUsd: number; readonly tokens: number }
  | { readonly type: 'release'; readonly id: number }
  | { readonly type: 'reap' }
  | {
      readonly type: 'set-budget';
      readonly app: string | null;
      readonly nanoUsd: number | null;
      readonly tokens: number;
    }
  | { readonly type: 'remove-budget'; readonly app: string | null }
  | { readonly type: 'pass'; readonly ms: number };

const apps = ['web', 'batch', null];
const app = fc.constantFrom(...apps);
const id = fc.nat(11);
const amount = fc.nat(120);
const dayMs = 86_400_000;
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('reserve' as const), id, app, nanoUsd: amount, tokens: amount }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('raise' as const), id, nanoUsd: amount, tokens: amount }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('settle' as const), id, nanoUsd: amount, tokens: amount }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const), id }) },
  { weight: 1, arbitrary: fc.constant({ type: 'reap' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('set-budget' as const),
      app,
      nanoUsd: fc.option(fc.integer({ min: 50, max: 500 })),
      tokens: fc.integer({ min: 50, max: 500 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove-budget' as const), app }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('pass' as const),
      ms: fc.constantFrom(10_000, 60_000, 20 * dayMs, -dayMs),
    }),
  },
);

interface Booked {
  readonly app: string | null;
  readonly month: string;
  readonly nanoUsd: number;
  readonly tokens: number;
}

type Held = Booked & { readonly expiresMs: number };

/** What the ledger must be: lists of what is held and booked, and sums over them. */
const createModel = () => {
  const held = new Map<string, Held>();
  const booked = new Map<string, Booked>();
  const budgets = new Map<string | null, { nanoUsd: number | null; tokens: number }>();
  const sum = (entries: Iterable<Booked>, of: string | null, month: string, kind: 'nanoUsd' | 'tokens'): number =>
    [...entries]
      .filter((entry) => entry.month === month && (of === null || entry.app === of))
      .reduce((total, entry) => total + entry[kind], 0);
  const fits = (of: string | null, month: string, { nanoUsd, tokens }: Pick<Booked, 'nanoUsd' | 'tokens'>): boolean => {
    const budget = budgets.get(of);
    if (budget === undefined) return true;
    const taken = (kind: 'nanoUsd' | 'tokens') =>
      sum(held.values(), of, month, kind) + sum(booked.values(), of, month, kind);
    return (
      (budget.nanoUsd === null || taken('nanoUsd') + nanoUsd <= budget.nanoUsd) &&
      taken('tokens') + tokens <= budget.tokens
    );
  };
  return { held, booked, budgets, sum, fits };
};

type Model = ReturnType<typeof createModel>;

const checkSums = async (ledger: Ledger, model: Model, nowMs: number): Promise<BudgetState[]> => {
  const month = monthOf(nowMs);
  const states = [...(await ledger.budgets())];
  expect(states.map((state) => state.app).sort()).toEqual([...model.budgets.keys()].sort());
  for (const state of states)
    expect(state).toMatchObject({
      month,
      perMonthNanoUsd: model.budgets.get(state.app)!.nanoUsd,
      spentNanoUsd: model.sum(model.booked.values(), state.app, month, 'nanoUsd'),
      spentTokens: model.sum(model.booked.values(), state.app, month, 'tokens'),
      reservedNanoUsd: model.sum(model.held.values(), state.app, month, 'nanoUsd'),
      reservedTokens: model.sum(model.held.values(), state.app, month, 'tokens'),
    });
  return states;
};

interface World {
  readonly ledger: Ledger;
  readonly model: Model;
  /** Ids are numbered anew for each run, so that all runs can share a database. */
  readonly run: string;
  nowMs: number;
}

const play = async (world: World, one: Move): Promise<void> => {
  const { ledger, model, run } = world;
  switch (one.type) {
    case 'reserve': {
      const asked = reservation(`${run}-${one.id}`, {
        app: one.app,
        nanoUsd: one.nanoUsd,
        tokens: one.tokens,
        expiresMs: world.nowMs + 30_000,
      });
      // Reserving twice is what booking.test.ts looks at.
      if (model.held.has(asked.id)) return;
      const month = monthOf(world.nowMs);
      const admitted = [one.app, null].every((of) => model.fits(of, month, asked));
      expect((await ledger.reserve(asked)).type).toBe(admitted ? 'reserved' : 'over-budget');
      if (admitted) model.held.set(asked.id, { ...one, month, expiresMs: asked.expiresMs });
      return;
    }
    case 'raise': {
      const name = `${run}-${one.id}`;
      const present = model.held.get(name);
      if (present === undefined) return;
      const nanoUsd = Math.max(present.nanoUsd, one.nanoUsd);
      const tokens = Math.max(present.tokens, one.tokens);
      const more = { nanoUsd: nanoUsd - present.nanoUsd, tokens: tokens - present.tokens };
      const isMore = more.nanoUsd > 0 || more.tokens > 0;
      const fits = !isMore || [present.app, null].every((of) => model.fits(of, present.month, more));
      const raised = reservation(name, { app: present.app, nanoUsd: one.nanoUsd, tokens: one.tokens });
      expect((await ledger.raise(raised)).type).toBe(fits ? 'reserved' : 'over-budget');
      if (fits) model.held.set(name, { ...present, nanoUsd, tokens });
      return;
    }
    case 'settle': {
      const name = `${run}-${one.id}`;
      if (model.booked.has(name)) return;
      const reserved = model.held.get(name);
      const receipt = { app: reserved?.app ?? null, startedMs: world.nowMs, endedMs: world.nowMs };
      await ledger.settle(settlement(name, { nanoUsd: one.nanoUsd, tokens: one.tokens, receipt }));
      model.held.delete(name);
      model.booked.set(name, { ...one, app: receipt.app, month: reserved?.month ?? monthOf(world.nowMs) });
      return;
    }
    case 'release':
      await ledger.release(`${run}-${one.id}`);
      model.held.delete(`${run}-${one.id}`);
      return;
    case 'reap': {
      const expired = [...model.held].filter(([, { expiresMs }]) => expiresMs <= world.nowMs);
      expect(await ledger.reap(world.nowMs)).toBe(expired.length);
      for (const [name] of expired) model.held.delete(name);
      return;
    }
    case 'set-budget':
      await ledger.setBudget({ keyId: null, app: one.app, perMonthNanoUsd: one.nanoUsd, perMonthTokens: one.tokens });
      model.budgets.set(one.app, one);
      return;
    case 'remove-budget': {
      const state = (await ledger.budgets()).find((budget) => budget.app === one.app);
      expect(state !== undefined).toBe(model.budgets.has(one.app));
      if (state !== undefined) await ledger.removeBudget(state.id);
      model.budgets.delete(one.app);
      return;
    }
    case 'pass':
      world.nowMs += one.ms;
      return;
    default:
      one satisfies never;
  }
};

onBothDatabases((database) => {
  it('answers and adds up as the model does, whatever is asked in whatever order', async () => {
    let nowMs = startMs;
    const ledger = await database.open({ now: () => nowMs });
    let runs = 0;
    // Months of different runs must not meet: each begins a century of its own.
    const century = (run: number) => Date.UTC(2000 + run * 40, 2, 15);
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 40 }), async (moves) => {
        const world: World = { ledger, model: createModel(), run: `run${runs}`, nowMs: century(runs++) };
        for (const one of moves) {
          nowMs = world.nowMs;
          await play(world, one);
          nowMs = world.nowMs;
          await checkSums(ledger, world.model, nowMs);
        }
        for (const { id: budgetId } of await ledger.budgets()) await ledger.removeBudget(budgetId);
        await ledger.reap(nowMs + 10_000 * dayMs);
      }),
      // A failing run leaves the database as it is, so that shrinking would begin from there.
      { numRuns: 60, endOnFailure: true },
    );
  });
});
