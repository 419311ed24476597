/**
 * The ways in which a model may write a placeholder that it was given, as a trie over characters.
 *
 * As it was: `[EMAIL_1]`. Also, because nothing else in the request looks like it: in other case inside brackets
 * (`[Email_1]`); escaped for Markdown (`[EMAIL\_1]`, `\[EMAIL\_1\]`); without brackets where it stands alone as a word in
 * capitals (`EMAIL_1`, and `[EMAIL_1, EMAIL_2]`); percent-encoded in an address (`%5BEMAIL_1%5D`). What stood for a JSON
 * number goes with the quotes around it. Anything else stays as the model wrote it: `email_1` is a name in somebody's code.
 */
import type { Placeholder } from './placeholders.js';

export type PlaceholderForm = 'plain' | 'bare' | 'quoted' | 'encoded';

export interface TrieNode {
  readonly next: Map<string, TrieNode>;
  match: { readonly placeholder: Placeholder; readonly form: PlaceholderForm } | null;
}

const createNode = (): TrieNode => ({ next: new Map(), match: null });

/** One character of a path, in all the ways that lead to the same node. */
type Step = readonly string[];

const anyCase = (text: string): Step[] => Array.from(text, (character) => [character, character.toLowerCase()]);
const exactly = (text: string): Step[] => Array.from(text, (character) => [character]);

const follow = (node: TrieNode, step: Step): TrieNode => {
  const child = node.next.get(step[0]!) ?? createNode();
  for (const text of step) node.next.set(text, child);
  return child;
};

/** An underscore may have a backslash before it. */
const insert = (
  root: TrieNode,
  { steps, placeholder, form }: { steps: readonly Step[]; placeholder: Placeholder; form: PlaceholderForm },
): void => {
  let node = root;
  for (const step of steps) {
    const child = follow(node, step);
    if (step[0] === '_') follow(node, ['\\']).next.set('_', child);
    node = child;
  }
  node.match ??= { placeholder, form };
};

export const buildPlaceholderTrie = (placeholders: readonly Placeholder[]): TrieNode => {
  const root = createNode();
  for (const placeholder of placeholders) {
    const { core, isNumber } = placeholder;
    const inBrackets = [...exactly('['), ...anyCase(core), ...exactly(']')];
    insert(root, { steps: inBrackets, placeholder, form: 'plain' });
    insert(root, { steps: [...exactly('\\['), ...anyCase(core), ...exactly('\\]')], placeholder, form: 'plain' });
    insert(root, { steps: exactly(core), placeholder, form: 'bare' });
    const encoded = [...exactly('%5'), ['B', 'b'], ...anyCase(core), ...exactly('%5'), ['D', 'd']];
    insert(root, { steps: encoded, placeholder, form: 'encoded' });
    if (isNumber)
      insert(root, { steps: [...exactly('"'), ...inBrackets, ...exactly('"')], placeholder, form: 'quoted' });
  }
  return root;
};
