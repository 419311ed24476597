/**
 * Strings and numbers of a schema as grammar: lengths, patterns, formats, bounds and multiples.
 *
 * Plain ones share one rule; constrained ones become an automaton that keeps all constraints at once.
 */
import { type Automaton, acceptsNothing, automatonOfLength, type Edge, intersect } from './automaton.js';
import { ruleOfAutomaton } from './automaton-grammar.js';
import { type GrammarRules, repeat } from './gbnf.js';
import { integerRule, jsonCharRule, numberRule, stringRule } from './json-values.js';
import { automatonOfNumbers } from './number-patterns.js';
import { automatonOfPattern } from './pattern-automaton.js';
import { parsePattern } from './pattern-syntax.js';
import { countsOf, numberBoundsOf, stringsOf } from './schema-keywords.js';
import type { NamedNodes, SchemaBody, SchemaCompiler } from './schema-types.js';
import { automatonOfFormat, descriptiveFormats, knownFormats } from './string-formats.js';

const sharedBodies = new WeakMap<GrammarRules, Map<string, SchemaBody | null>>();

/** Tools repeat their constraints; each is written once per grammar. */
const shared = (rules: GrammarRules, constraints: unknown, build: () => SchemaBody | null): SchemaBody | null => {
  const bodies = sharedBodies.get(rules) ?? new Map<string, SchemaBody | null>();
  sharedBodies.set(rules, bodies);
  const key = JSON.stringify(constraints);
  if (!bodies.has(key)) bodies.set(key, build());
  return bodies.get(key) ?? null;
};

/** Null where no string satisfies the nodes. */
export const stringBody = (compiler: SchemaCompiler, named: NamedNodes): SchemaBody | null => {
  const { rules, document } = compiler;
  const { nodes } = named;
  const counts = countsOf(document, nodes, ['minLength', 'maxLength']);
  const patterns = [stringsOf(document, nodes, 'pattern'), stringsOf(document, nodes, 'format')];
  return shared(rules, ['string', counts, patterns, compiler.unsupported], () => buildString(compiler, named, counts));
};

const buildString = (
  compiler: SchemaCompiler,
  { nodes, name }: NamedNodes,
  { min, max }: { readonly min: number; readonly max: number },
): SchemaBody | null => {
  const { rules } = compiler;
  if (min > max) return null;
  const plain = (): SchemaBody => {
    if (min === 0 && max === Number.POSITIVE_INFINITY) return { text: stringRule(rules), needs: [] };
    const characters = repeat(rules, jsonCharRule(rules), { min, max, name: `${name}-chars` });
    return { text: `"\\"" ${characters} "\\""`, needs: [] };
  };
  return compiler.withPattern(
    nodes,
    () => {
      const automaton = stringAutomaton(compiler, nodes, { min, max });
      if (automaton === null) return plain();
      if (acceptsNothing(automaton)) return null;
      const rule = ruleOfAutomaton(rules, automaton, { name: `${name}-text`, spelling: 'json', close: '"\\""' });
      return { text: `"\\"" ${rule}`, needs: [] };
    },
    plain,
  );
};

/** What patterns and formats leave of the strings of this length; null where there are neither. */
export const stringAutomaton = (
  { document, unsupported }: SchemaCompiler,
  nodes: NamedNodes['nodes'],
  { min, max }: { readonly min: number; readonly max: number },
): Automaton | null => {
  const automata = stringsOf(document, nodes, 'pattern').map((pattern) => automatonOfPattern(parsePattern(pattern)));
  for (const format of stringsOf(document, nodes, 'format')) {
    const automaton = automatonOfFormat(format);
    if (automaton !== null) automata.push(automaton);
    else if (unsupported === 'refuse' && !descriptiveFormats.has(format)) {
      const node = nodes.find((candidate) => candidate.format === format) ?? {};
      throw document.error(node, `has the format ${JSON.stringify(format)}; enforced are ${knownFormats.join(', ')}`);
    }
  }
  if (automata.length === 0) return null;
  const all = automata.reduce(intersect);
  if (min === 0 && max === Number.POSITIVE_INFINITY) return all;
  const lengths = lengthsOf(all);
  if (lengths.shortest >= min && lengths.longest <= max) return all;
  return intersect(
    all,
    automatonOfLength(lengths.shortest >= min ? 0 : min, lengths.longest <= max ? Number.POSITIVE_INFINITY : max),
  );
};

/** Code points of the shortest and the longest text of an automaton without dead ends; the longest may be infinite. */
const lengthsOf = ({ edges, accepting }: Automaton): { readonly shortest: number; readonly longest: number } => {
  const depths = [0];
  const order = [0];
  const sources = edges.map(() => 0);
  for (let index = 0; index < order.length; index++)
    for (const target of targetsOf(edges[order[index]!]!)) {
      sources[target]!++;
      if (depths[target] !== undefined) continue;
      depths[target] = depths[order[index]!]! + 1;
      order.push(target);
    }
  const shortest = Math.min(...order.flatMap((state) => (accepting[state] ? [depths[state]!] : [])));
  // Longest path by taking states away once all ways to them are known; where some stay, there is a circle.
  const farthest = edges.map(() => 0);
  const ready = sources[0] === 0 ? [0] : [];
  for (let index = 0; index < ready.length; index++)
    for (const target of targetsOf(edges[ready[index]!]!)) {
      farthest[target] = Math.max(farthest[target]!, farthest[ready[index]!]! + 1);
      if (--sources[target]! === 0) ready.push(target);
    }
  return { shortest, longest: ready.length < order.length ? Number.POSITIVE_INFINITY : Math.max(...farthest) };
};

const targetsOf = (list: readonly Edge[]): Set<number> => new Set(list.map((edge) => edge[2]));

/** Null where no number satisfies the nodes. */
export const numberBody = (
  compiler: SchemaCompiler,
  { nodes, name }: NamedNodes,
  integer: boolean,
): SchemaBody | null => {
  const { rules, document } = compiler;
  const bounds = numberBoundsOf(document, nodes, integer);
  const plain = (): SchemaBody => ({ text: integer ? integerRule(rules) : numberRule(rules), needs: [] });
  if (bounds.minimum === undefined && bounds.maximum === undefined && bounds.multiplesOf.length === 0) return plain();
  const build = (): SchemaBody | null => {
    const automaton = automatonOfNumbers(bounds);
    if (acceptsNothing(automaton)) return null;
    const rule = ruleOfAutomaton(rules, automaton, { name: `${name}-number`, spelling: 'raw', close: '' });
    return { text: rule, needs: [] };
  };
  return shared(rules, ['number', bounds], () => compiler.withPattern(nodes, build, plain));
};
