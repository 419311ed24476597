/** What would break: a schema in the docs that is not the program's, an example that cannot be used. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkConfigTree } from './check-config.js';
import { routePolicyOf } from './config.js';
import { configJsonSchema } from './config-schema.js';
import { parseConfigText } from './parse-config.js';

const read = (path: string): string => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');

it('docs/spillway.config.schema.json is current (node dist/scripts/write-config-schema.js)', () => {
  expect(read('spillway.config.schema.json')).toBe(configJsonSchema());
});

const example = /```yaml\n([\s\S]*?)```/.exec(read('configuration.md'))?.[1] ?? '';
const env = { RACK_API_KEY: 'a', OPENAI_API_KEY: 'b', ELSEWHERE_API_KEY: 'c' };

it('the example in docs/configuration.md can be used and sets everything there is', () => {
  const { tree, findings } = parseConfigText(example, 'yaml');
  expect(findings).toEqual([]);
  const checked = checkConfigTree(tree, { env, day: '2026-11-27' });
  expect(checked.findings).toEqual([]);
  const sections = Object.keys((JSON.parse(configJsonSchema()) as { properties: object }).properties);
  expect(Object.keys(tree as object).sort()).toEqual(sections.filter((name) => name !== '$schema').sort());
  expect(routePolicyOf(checked.config!)).toMatchObject({
    aliases: { smart: ['qwen3-32b', 'gpt-4o-mini'] },
    hedgeAfterMs: 1500,
    retries: 2,
  });
});

it("the issue's example can be used", () => {
  const { tree } = parseConfigText(
    `tiers:
  device:
    models: [pocket]
  private:
    - name: rack
      url: http://rack.internal:8000/v1
      models: [qwen3-32b]
  thirdParty:
    - name: openai
      kind: openai
      apiKey: \${OPENAI_API_KEY}
      models: [gpt-4o-mini]
aliases:
  smart: [qwen3-32b, gpt-4o-mini]
policy:
  reach: private
  timeouts: { firstTokenMs: 8000, stallMs: 5000, totalMs: 120000 }
  retries: 2
budgets:
  - { key: app-one, perMonthUsd: 50 }
`,
    'yaml',
  );
  expect(checkConfigTree(tree, { env, day: '2026-11-27' }).findings).toEqual([]);
});
