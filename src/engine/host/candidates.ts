/**
 * Picks the highest of many logits: the best one, or the best few in falling order.
 *
 * One pass over the numbers, no allocation per call. Knows nothing of sampling settings.
 */

/** A list of tokens with their logits; `count` of them are in use. */
export interface Candidates {
  readonly tokens: Int32Array;
  readonly logits: Float32Array;
  count: number;
}

export const createCandidates = (capacity: number): Candidates => ({
  tokens: new Int32Array(capacity),
  logits: new Float32Array(capacity),
  count: 0,
});

/** Index of the largest value; the first of equals. -1 when there is none above -Infinity. */
export const argmax = (values: Float32Array): number => {
  const { length } = values;
  let a = -Infinity;
  let b = -Infinity;
  let c = -Infinity;
  let d = -Infinity;
  let index = 0;
  for (; index + 3 < length; index += 4) {
    const va = values[index]!;
    const vb = values[index + 1]!;
    const vc = values[index + 2]!;
    const vd = values[index + 3]!;
    if (va > a) a = va;
    if (vb > b) b = vb;
    if (vc > c) c = vc;
    if (vd > d) d = vd;
  }
  let best = Math.max(a, b, c, d);
  for (; index < length; index++) if (values[index]! > best) best = values[index]!;
  return best === -Infinity ? -1 : values.indexOf(best);
};

/** Sinks the first entry of a heap whose smallest value is on top. */
const sink = ({ tokens, logits }: Candidates, size: number, from: number): void => {
  const token = tokens[from]!;
  const logit = logits[from]!;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && logits[child + 1]! < logits[child]!) child++;
    if (logits[child]! >= logit) break;
    logits[at] = logits[child]!;
    tokens[at] = tokens[child]!;
    at = child;
  }
  logits[at] = logit;
  tokens[at] = token;
};

/** Fills `into` with the `wanted` highest values above -Infinity, highest first (at most its capacity). */
export const selectTop = (values: Float32Array, wanted: number, into: Candidates): void => {
  const size = Math.min(wanted, into.tokens.length, values.length);
  into.count = 0;
  if (size <= 0) return;
  const { tokens, logits } = into;
  let index = 0;
  let filled = 0;
  for (; index < values.length && filled < size; index++) {
    const value = values[index]!;
    if (!(value > -Infinity)) continue;
    tokens[filled] = index;
    logits[filled++] = value;
  }
  for (let at = (filled >> 1) - 1; at >= 0; at--) sink(into, filled, at);
  let lowest = logits[0]!;
  for (; index < values.length; index++) {
    const value = values[index]!;
    if (value > lowest) {
      tokens[0] = index;
      logits[0] = value;
      sink(into, filled, 0);
      lowest = logits[0]!;
    }
  }
  // Heap sort: the smallest goes to the end each time.
  for (let end = filled - 1; end > 0; end--) {
    const token = tokens[end]!;
    const logit = logits[end]!;
    tokens[end] = tokens[0]!;
    logits[end] = logits[0]!;
    tokens[0] = token;
    logits[0] = logit;
    sink(into, end, 0);
  }
  into.count = filled;
};

/** Natural logarithm of the sum of exponentials. */
export const logSumExp = (values: Float32Array): number => {
  const best = argmax(values);
  if (best < 0) return -Infinity;
  const top = values[best]!;
  let sum = 0;
  for (let index = 0; index < values.length; index++) {
    const below = values[index]! - top;
    // e^-40 is less than a part in 10^17 of the largest term.
    if (below > -40) sum += Math.exp(below);
  }
  return top + Math.log(sum);
};
