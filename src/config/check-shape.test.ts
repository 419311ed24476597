/** What would break: a file that an editor finds right by the published schema, and Spillway refuses; or the reverse. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkShape } from './check-shape.js';
import { isRecord } from './config-path.js';
import { ConfigFileSchema, configJsonSchema } from './config-schema.js';
import { sampleConfigFile } from './sample-config.test-support.js';

type Holder = { readonly node: Record<string | number, unknown>; readonly key: string | number };

/** Every place of a tree, by what holds it. */
const placesOf = (node: unknown): Holder[] => {
  if (!isRecord(node) && !Array.isArray(node)) return [];
  const record = node as Record<string | number, unknown>;
  const keys = Array.isArray(node) ? node.map((_, index) => index) : Object.keys(node);
  return keys.flatMap((key) => [{ node: record, key }, ...placesOf(record[key])]);
};

it('takes exactly what the published JSON Schema takes', () => {
  const fits = new Ajv2020({ strict: false }).compile(JSON.parse(configJsonSchema()) as object);
  const value = fc.constantFrom<unknown>(
    ...[null, true, 0, 1, -1, 2.5, 1e9, 1e20, '', ' ', 'x', 'device', 'request', 'a b', 'é'.repeat(130), [], [1], {}],
    { reach: 'device' },
    { name: 'n' },
    ['pocket', ''],
  );
  const change = fc.record({ place: fc.nat(), how: fc.constantFrom('set', 'set', 'set', 'drop', 'add'), value });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const tree = sampleConfigFile();
      for (const { place, how, value: next } of changes) {
        const places = placesOf(tree);
        const { node, key } = places[place % places.length]!;
        if (how === 'set') node[key] = structuredClone(next);
        else if (how === 'add' && isRecord(node)) node[`key${place % 7}`] = structuredClone(next);
        else if (how === 'drop' && isRecord(node)) delete node[key];
      }
      const findings = checkShape(tree, { schema: ConfigFileSchema, written: tree });
      expect(findings.length === 0, JSON.stringify({ findings, ajv: fits(tree) || fits.errors })).toBe(fits(tree));
    }),
    { numRuns: 4000 },
  );
});
