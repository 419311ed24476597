/**
 * Redacts requests: what they hold is replaced, the result is looked through once more, and anything that is wrong on the
 * way stops the request.
 *
 * Pure: the same request gives the same placeholders, and a conversation that grows keeps those it had. What is looked for
 * is the rules' matter, what leaves is `walk-request`'s.
 */
import { viewLayers } from './decode-text.js';
import { createScanText, type Meter } from './detect/scan-text.js';
import { createValueSearch, type FoundValue } from './found-values.js';
import { placeholderMask } from './placeholders.js';
import type { RedactedRequest, RedactedValue, Redaction, Redactor } from './redaction.js';
import { RedactionError } from './redaction-error.js';
import { type CheckedRules, checkRules, type RedactionRules } from './redaction-rules.js';
import { createRestorer, restoreEvents } from './restore-answer.js';
import { type SettledLeaf, settleLeaves } from './settle-leaves.js';
import { plainView } from './text-view.js';
import type { Leaf } from './walk-fields.js';
import { contractWords, type RedactableRequest, walkRequest } from './walk-request.js';

const foundIn = (leaves: readonly SettledLeaf[]): RedactedValue[] => {
  const byCore = new Map<string, { kind: string; count: number }>();
  for (const { kind, core } of leaves.flatMap(({ placeholders }) => placeholders))
    byCore.set(core, { kind, count: (byCore.get(core)?.count ?? 0) + 1 });
  return [...byCore].map(([core, { kind, count }]) => ({ kind, placeholder: `[${core}]`, count }));
};

/** Names and ids that changed, by what they became: names come back whole, and must still tell things apart. */
const changedNames = (leaves: readonly SettledLeaf[]): Map<string, string> => {
  const originals = new Map<string, string>();
  const names = leaves.filter(({ leaf: { form } }) => form === 'name' || form === 'id');
  for (const { leaf, text } of names) {
    const other = originals.get(text);
    if (other !== undefined && other !== leaf.text)
      throw new RedactionError('ambiguous', `Cannot redact ${leaf.path}: another name becomes the same.`, {
        param: leaf.path,
      });
    originals.set(text, leaf.text);
  }
  return new Map([...originals].filter(([text, original]) => text !== original));
};

/**
 * The last look, at the bytes that go out and past everything that knows how a request is built. Words of the contract
 * itself and values that only count as whole words are no leaks there.
 */
const assertNothingLeft = (
  request: RedactableRequest,
  { values, rules, meter }: { values: readonly FoundValue[]; rules: CheckedRules; meter: Meter },
): void => {
  const telling = values.filter(
    ({ kind, value }) =>
      value.length >= 8 && !rules.wholeWords.has(kind) && !contractWords.some((word) => word.includes(value)),
  );
  if (telling.length === 0) return;
  const search = createValueSearch(telling, { wholeWords: rules.wholeWords });
  const mask = placeholderMask(rules.kinds, { inNames: true });
  for (const layer of viewLayers(plainView(JSON.stringify(request)))) {
    const scan = createScanText(mask(layer.text), meter);
    const left = search(scan).find(({ start, end }) => !rules.allows(scan.lower.slice(start, end)));
    if (left !== undefined)
      throw new RedactionError('leak', `Cannot redact the request: a value of the kind "${left.kind}" is still in it.`);
  }
};

/** What a fault of ours says of itself; its message could quote the request. */
const faultName = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** Throws RedactionError `invalid-rules`. `meter` counts the steps of the work, for tests. */
export const createRedactor = (rules: RedactionRules = {}, options: { readonly meter?: Meter } = {}): Redactor => {
  const checked = checkRules(rules);
  const { meter = { steps: 0 } } = options;
  const redact = <Request extends RedactableRequest>(request: Request): Redaction<Request> => {
    const leaves: Leaf[] = [];
    const { allowMedia } = checked;
    const collect = (leaf: Leaf): string => {
      leaves.push(leaf);
      return leaf.text;
    };
    walkRequest(request, { visit: collect, allowMedia });
    const settled = settleLeaves(leaves, { rules: checked, meter });
    let next = 0;
    const outgoing = walkRequest(request, { visit: () => settled.leaves[next++]!.text, allowMedia });
    if (next !== leaves.length)
      throw new RedactionError('internal', 'Cannot redact the request: it changed while it was read.');
    const names = changedNames(settled.leaves);
    assertNothingLeft(outgoing, { values: settled.values, rules: checked, meter });
    const placeholders = settled.leaves.flatMap((leaf) => leaf.placeholders);
    const format = 'responseFormat' in request ? request.responseFormat?.type : undefined;
    const answerForm = format === 'json-object' || format === 'json-schema' ? 'json' : 'text';
    return {
      request: outgoing as RedactedRequest<Request>,
      found: foundIn(settled.leaves),
      restorer: (form = 'text') => createRestorer(placeholders, form),
      restoreEvents: (events) => restoreEvents(events, { placeholders, names, answerForm }),
    };
  };
  return {
    redact(request) {
      try {
        return redact(request);
      } catch (error) {
        if (error instanceof RedactionError) throw error;
        throw new RedactionError('internal', `Cannot redact the request: ${faultName(error)} inside redaction.`);
      }
    },
  };
};
