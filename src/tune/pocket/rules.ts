// The small engine under the argument rules: ordered patterns with named groups, each with a builder that may still
// refuse, and the trimming that every family of tools shares. Knows no tool.

export type Args = Record<string, string>;

/** A pattern for the whole sentence, and what its groups mean; null = refused, the next rule gets its turn. */
export type Rule = readonly [pattern: RegExp, build: (groups: Args) => Args | null];

/** The arguments by the first rule that matches and does not refuse; null when none does. */
export function applyRules(text: string, rules: readonly Rule[]): Args | null {
  for (const [pattern, build] of rules) {
    const match = pattern.exec(text);
    if (!match) continue;
    const built = build(defined(match.groups ?? {}));
    if (built) return built;
  }
  return null;
}

/** The record without its missing and empty values. */
export function defined(values: Record<string, string | null | undefined>): Args {
  const kept: Args = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== '') kept[name] = value;
  }
  return kept;
}

/** A span without its leading article or possessive and without stray punctuation at the ends: "my mom" -> "mom". */
export function bareSpan(span: string): string {
  const trimmed = span.replace(/^[\s,;:"]+|[\s,;:"]+$/g, '');
  return trimmed.replace(/^(?:the|an?|my|our|your|some|one of my|one of the) (?=\S)/, '');
}

/** Builds a whole-sentence pattern, case as given, out of a source in which runs of spaces mean one space. */
export function whole(source: string): RegExp {
  return new RegExp(`^(?:${source.replaceAll(/\s+/g, ' ').trim()})$`);
}
