/** The grammar under which the embedded model decodes must not forbid what the model is taught. */
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createGbnfMatcher } from '../src/tiers/device/grammar/gbnf-matcher.test-support.js';
import { argumentsGrammar } from '../src/tiers/device/pocket/arguments-grammar.js';
import { DEVICE_TOOLS } from '../src/tune/taxonomy/device-tools.js';
import { generateRows } from '../src/tune/taxonomy/generate-rows.js';
import { loadTaxonomy } from '../src/tune/taxonomy/load-taxonomy.js';

const taxonomy = loadTaxonomy(resolve(join(import.meta.dirname, '..', '..', 'models', 'pocket', 'taxonomy')));

describe('the grammar of arguments', () => {
  it('admits the arguments of 99 in 100 sentences that the taxonomy makes', () => {
    const rows = generateRows(taxonomy, { rows: 1500, seed: 'grammar', overflowShare: 0 });
    const refused = rows.flatMap(({ tool, text, args }) => {
      const names = tool === null || args === null ? [] : DEVICE_TOOLS[tool]!.args;
      if (names.length === 0) return [];
      const gbnf = argumentsGrammar(text, {
        tool: tool!,
        arguments: names.map((name, index) => ({ name, token: index })),
        endToken: 99,
        prefix: ' ',
      });
      const call = names.map((name, index) => (args![name] === undefined ? '' : `<${index}> ${args![name]}`)).join('');
      const matcher = createGbnfMatcher(gbnf.replaceAll(/<\[(\d+)\]>/g, '"<$1>"'));
      return matcher.matches(call) ? [] : [`${text} | ${call}`];
    });
    expect(rows.length).toBeGreaterThan(1300);
    expect(refused.length, refused.join('\n')).toBeLessThan(rows.length / 100);
  });
});
