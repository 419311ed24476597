/**
 * Finds and replaces in all texts of a request together, round after round, until a round over what would go out finds
 * nothing more: what is found in one text is looked for in all of them, and a replacement can lay bare its neighbour.
 *
 * Knows texts and rules; nothing of requests.
 */
import { viewLayers } from './decode-text.js';
import type { Meter } from './detect/scan-text.js';
import { lowerCase } from './fold-text.js';
import { canonicalValue, createValueSearch, type FoundValue, type ValueSearch, valueKey } from './found-values.js';
import { isJsonLeaf, type Layer, leafLayers, type RenderedText, renderLeaf, spellingOf } from './leaf-text.js';
import { maskUnit } from './noncharacters.js';
import { createPlaceholderBook, type Placeholder, placeholderMask, takenNumbers } from './placeholders.js';
import { RedactionError } from './redaction-error.js';
import type { CheckedRules } from './redaction-rules.js';
import { type FoundSpan, mergeSpans } from './span-set.js';
import { plainView, type TextSpan } from './text-view.js';
import type { Leaf } from './walk-fields.js';

/** Each round but the last finds something that the one before uncovered; real texts need two. */
const maxRounds = 10;

export interface SettledLeaf {
  readonly leaf: Leaf;
  /** What goes out. */
  readonly text: string;
  readonly placeholders: readonly Placeholder[];
}

export interface SettledLeaves {
  readonly leaves: readonly SettledLeaf[];
  readonly values: readonly FoundValue[];
}

interface LeafState {
  readonly leaf: Leaf;
  readonly isJson: boolean;
  spans: readonly FoundSpan[];
  rendered: RenderedText;
  placeholders: readonly Placeholder[];
  layers: readonly Layer[];
  /** Nobody looked through the rendered text yet. */
  isNew: boolean;
}

interface Settling {
  readonly rules: CheckedRules;
  readonly read: (leaf: Leaf) => Layer[];
  readonly values: Map<string, FoundValue>;
}

const isNameForm = ({ form }: Leaf): boolean => form === 'name' || form === 'id';

type LayerFinding = TextSpan & { readonly found: FoundValue; readonly isDetected: boolean };

/** Findings in the layers of a leaf's rendered text, as spans of its own text; none of what a placeholder hides. */
const spansOf = ({ layers, rendered }: LeafState, find: (layer: Layer) => LayerFinding[]): FoundSpan[] =>
  layers.flatMap((layer) =>
    find(layer).flatMap(({ start, end, found, isDetected }): FoundSpan[] => {
      const isHidden = layer.scan.text.slice(start, end).replaceAll(maskUnit, '') === '';
      const span = isHidden ? null : layer.toLeaf({ start, end });
      if (span === null) return [];
      return [{ ...rendered.toOriginal(span), found, foundUnits: end - start, isNumber: span.isNumber, isDetected }];
    }),
  );

const detect = (state: LeafState, { rules, values }: Settling): FoundSpan[] => {
  const detectors = isNameForm(state.leaf) ? rules.idDetectors : rules.detectors;
  const find = ({ scan }: Layer): LayerFinding[] =>
    detectors
      .flatMap((detector) => detector(scan))
      .filter(({ start, end }) => !rules.allows(scan.lower.slice(start, end)))
      .map(({ kind, start, end }) => ({
        start,
        end,
        found: { kind, value: canonicalValue(kind, scan.lower.slice(start, end)) },
        isDetected: true,
      }));
  return spansOf(state, find).map((span) => {
    // What is a telephone number here and an id there is one value, and what it was first.
    const key = valueKey(span.found);
    const found = values.get(key) ?? span.found;
    values.set(key, found);
    return { ...span, found };
  });
};

const sweep = (state: LeafState, { search, rules }: Settling & { readonly search: ValueSearch }): FoundSpan[] => {
  const find = ({ scan }: Layer): LayerFinding[] =>
    search(scan)
      .map(({ kind, value, start, end }) => ({ start, end, found: { kind, value }, isDetected: false }))
      .filter(({ start, end }) => !rules.allows(scan.lower.slice(start, end)));
  return spansOf(state, find);
};

/** Numbers what was found, in order, and renders the texts anew. */
const render = (
  states: readonly LeafState[],
  { taken, read }: Pick<Settling, 'read'> & { readonly taken: ReturnType<typeof takenNumbers> },
): void => {
  const book = createPlaceholderBook(taken);
  for (const { spans } of states) for (const { found, isDetected } of spans) if (isDetected) book.number(found);
  for (const state of states) {
    if (state.spans.length === 0) continue;
    const { leaf, isJson } = state;
    const replacements = state.spans.map((span) => ({
      ...span,
      placeholder: book.of(span.found, spellingOf(leaf, { ...span, inJson: isJson })),
    }));
    const rendered = renderLeaf(leaf, replacements);
    state.placeholders = replacements.map(({ placeholder }) => placeholder);
    if (rendered.text === state.rendered.text) continue;
    state.rendered = rendered;
    state.layers = read({ ...leaf, text: rendered.text });
    state.isNew = true;
  }
};

const takenIn = (leaves: readonly Leaf[], kinds: readonly string[]): ReturnType<typeof takenNumbers> =>
  leaves
    .filter(({ text }) => /[_&%\\]|[^\0-\x7f]/.test(text))
    .flatMap(({ text }) => viewLayers(plainView(text)).flatMap((layer) => takenNumbers(lowerCase(layer.text), kinds)));

/** Throws RedactionError `leak` where there is no end of findings. */
export const settleLeaves = (
  leaves: readonly Leaf[],
  { rules, meter }: { readonly rules: CheckedRules; readonly meter: Meter },
): SettledLeaves => {
  const masks = {
    text: placeholderMask(rules.kinds, { inNames: false }),
    name: placeholderMask(rules.kinds, { inNames: true }),
  };
  const read = (leaf: Leaf): Layer[] => leafLayers(leaf, { meter, mask: isNameForm(leaf) ? masks.name : masks.text });
  const states = leaves.map((leaf): LeafState => {
    const rendered = renderLeaf(leaf, []);
    return {
      leaf,
      isJson: isJsonLeaf(leaf),
      spans: [],
      rendered,
      placeholders: [],
      layers: read(leaf),
      isNew: true,
    };
  });
  const settling: Settling = { rules, read, values: new Map() };
  const { values } = settling;
  const taken = takenIn(leaves, rules.kinds);
  let search: ValueSearch | null = null;
  for (let round = 0; round < maxRounds; round++) {
    const known = values.size;
    const found = new Map(states.filter(({ isNew }) => isNew).map((state) => [state, detect(state, settling)]));
    const isWider = values.size > known;
    if (isWider) search = createValueSearch([...values.values()], { wholeWords: rules.wholeWords });
    let changed = false;
    for (const state of states) {
      const swept = search !== null && (state.isNew || isWider) ? sweep(state, { ...settling, search }) : [];
      state.isNew = false;
      const spans = mergeSpans(state.spans, [...(found.get(state) ?? []), ...swept]);
      changed ||= spans !== state.spans;
      state.spans = spans;
    }
    if (!changed) {
      return {
        leaves: states.map(({ leaf, rendered, placeholders }) => ({ leaf, text: rendered.text, placeholders })),
        values: [...values.values()],
      };
    }
    render(states, { taken, read });
  }
  throw new RedactionError('leak', `Cannot redact the request: ${maxRounds} rounds found more in what would go out.`);
};
