/**
 * Runs two sides in turn, never at once: first ours, other; then other, ours; and so on, so that neither always follows
 * the other. Knows no clock.
 */

export interface Turns<Figure> {
  readonly ours: readonly Figure[];
  readonly other: readonly Figure[];
}

/** Measures both sides once, the order by the round: even rounds start with ours. */
export const takeTurns = async <Figure>(
  round: number,
  sides: { readonly ours: () => Promise<Figure>; readonly other: () => Promise<Figure> },
): Promise<{ readonly ours: Figure; readonly other: Figure }> => {
  if (round % 2 === 0) {
    const ours = await sides.ours();
    return { ours, other: await sides.other() };
  }
  const other = await sides.other();
  return { ours: await sides.ours(), other };
};

/** `rounds` turns of both sides; the figures of one index are of one round. */
export const alternate = async <Figure>(
  rounds: number,
  sides: {
    readonly ours: (round: number) => Promise<Figure>;
    readonly other: (round: number) => Promise<Figure>;
  },
): Promise<Turns<Figure>> => {
  const ours: Figure[] = [];
  const other: Figure[] = [];
  for (let round = 0; round < rounds; round++) {
    const turn = await takeTurns(round, { ours: () => sides.ours(round), other: () => sides.other(round) });
    ours.push(turn.ours);
    other.push(turn.other);
  }
  return { ours, other };
};
