/**
 * Random schemas: what their grammar yields satisfies them (by ajv's word), and what satisfies them the grammar takes.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../tier.js';
import { createGbnfMatcher } from './gbnf-matcher.test-support.js';
import { jsonSchemaGrammar } from './json-schema-grammar.js';

const ajv = new Ajv2020({ strict: false, allErrors: false, validateSchema: false });
(addFormats as unknown as (instance: Ajv2020) => void)(ajv);

/** A schema and values that satisfy it, their keys in the schema's order. */
interface Sample {
  readonly schema: JsonSchema;
  readonly values: readonly unknown[];
}

const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', '\n', 'é', '😀', ' ', '\u0001'), maxLength: 5 });
const sampled = (schema: JsonSchema, values: fc.Arbitrary<unknown>): fc.Arbitrary<Sample> =>
  fc.array(values, { minLength: 1, maxLength: 3 }).map((list) => ({ schema, values: list }));
const ordered = (max: number): fc.Arbitrary<readonly [number, number]> =>
  fc.tuple(fc.nat(max), fc.nat(max)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

const scalar: fc.Arbitrary<Sample> = fc.oneof(
  fc.constant({ schema: { type: 'boolean' }, values: [true, false] }),
  fc.constant({ schema: { type: 'null' }, values: [null] }),
  sampled({ type: 'string' }, text),
  sampled({ type: 'integer' }, fc.maxSafeInteger()),
  sampled({ type: 'number' }, fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e300, max: 1e300 })),
  sampled({ type: ['string', 'null'] }, fc.option(text)),
  ordered(4).chain(([min, max]) =>
    sampled(
      { type: 'string', minLength: min, maxLength: max },
      fc.string({ unit: fc.constantFrom('a', '"', '\n', '😀'), minLength: min, maxLength: max }),
    ),
  ),
  fc
    .tuple(fc.integer({ min: -2000, max: 2000 }), fc.nat(3000))
    .chain(([min, span]) =>
      sampled({ type: 'integer', minimum: min, maximum: min + span }, fc.integer({ min, max: min + span })),
    ),
  fc.integer({ min: -50, max: 50 }).chain((min) =>
    sampled(
      { type: 'number', exclusiveMinimum: min / 4 },
      fc.integer({ min: 1, max: 999 }).map((step) => min / 4 + step / 8),
    ),
  ),
  fc.integer({ min: 1, max: 30 }).chain((multiple) =>
    sampled(
      { type: 'integer', multipleOf: multiple },
      fc.integer({ min: -99, max: 99 }).map((count) => count * multiple),
    ),
  ),
  fc
    .uniqueArray(fc.oneof(text, fc.integer(), fc.constantFrom(null, true)), { minLength: 1, maxLength: 6 })
    .map((values): Sample => ({ schema: { enum: values }, values })),
  sampled({ type: 'string', pattern: '^[a-c]+("|x)?$' }, fc.stringMatching(/^[a-c]+("|x)?$/)),
  sampled({ type: 'string', pattern: 'b.?$' }, fc.stringMatching(/^[a-z"]{0,3}b[a-z]?$/)),
  fc
    .constantFrom(
      ['date', '2024-02-29'],
      ['date-time', '1999-12-31T23:59:59.5+01:00'],
      ['email', 'a@b.org'],
      ['uuid', '123e4567-e89b-12d3-a456-426614174000'],
      ['ipv4', '127.0.0.1'],
      ['ipv6', 'fe80::1'],
      ['duration', 'P1DT2H'],
      ['uri', 'https://a.org/b?c#d'],
    )
    .map(([format, value]): Sample => ({ schema: { type: 'string', format }, values: [value] })),
);

const keys = fc.constantFrom('a', 'b', 'ab', 'key "q"', 'é', '$ref', 'type');

interface Member {
  readonly key: string;
  readonly sample: Sample;
  readonly required: boolean;
  readonly present: boolean;
}

const objectOf = (members: readonly Member[], extra: Sample | null): Sample => {
  const value: Record<string, unknown> = Object.fromEntries(
    members.filter(({ required, present }) => required || present).map(({ key, sample }) => [key, sample.values[0]]),
  );
  if (extra !== null) value.zusatz = extra.values[0];
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(members.map(({ key, sample }) => [key, sample.schema])),
      required: members.filter(({ required }) => required).map(({ key }) => key),
      additionalProperties: extra === null ? false : extra.schema,
    },
    values: [value],
  };
};

const { sample: anySample } = fc.letrec<{
  sample: Sample;
  object: Sample;
  array: Sample;
  choice: Sample;
  joined: Sample;
}>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('object'),
    tie('array'),
    tie('choice'),
    tie('joined'),
  ),
  object: fc
    .tuple(
      fc.uniqueArray(fc.record({ key: keys, sample: tie('sample'), required: fc.boolean(), present: fc.boolean() }), {
        selector: ({ key }) => key,
        maxLength: 4,
      }),
      fc.option(tie('sample')),
    )
    .map(([members, extra]) => objectOf(members, extra)),
  array: fc
    .tuple(tie('sample'), ordered(3), fc.array(tie('sample'), { maxLength: 2 }))
    .map(([item, [min, max], leading]): Sample => {
      const rest = Array.from({ length: min }, (_, index) => item.values[index % item.values.length]);
      if (leading.length === 0)
        return { schema: { type: 'array', items: item.schema, minItems: min, maxItems: max }, values: [rest] };
      return {
        schema: { type: 'array', prefixItems: leading.map(({ schema }) => schema), items: item.schema },
        values: [[...leading.map(({ values }) => values[0]), ...rest]],
      };
    }),
  choice: fc.array(tie('sample'), { minLength: 1, maxLength: 3 }).map(
    (samples): Sample => ({
      schema: { anyOf: samples.map(({ schema }) => schema) },
      values: samples.flatMap(({ values }) => values),
    }),
  ),
  joined: fc.tuple(tie('sample'), tie('sample')).map(
    ([first, second]): Sample => ({
      schema: {
        $defs: { 'x/y': { type: 'object', properties: { first: first.schema }, required: ['first'] } },
        allOf: [
          { type: 'object', properties: { first: first.schema, second: second.schema } },
          { properties: { second: {} }, minProperties: 1 },
        ],
        required: ['first'],
      },
      values: [{ first: first.values[0] }, { first: first.values.at(-1), second: second.values[0] }],
    }),
  ),
}));

const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

describe('random schemas', () => {
  it('every text that the grammar yields satisfies the schema', () => {
    fc.assert(
      fc.property(anySample, fc.nat(), ({ schema }, seed) => {
        const matcher = createGbnfMatcher(jsonSchemaGrammar(schema));
        const validate = ajv.compile(schema);
        const random = randomOf(seed);
        for (let round = 0; round < 4; round++) {
          const json = matcher.generate(random, 80);
          expect({ json, valid: validate(JSON.parse(json)), errors: validate.errors }).toMatchObject({ valid: true });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('every value that satisfies the schema is a text of the grammar', () => {
    fc.assert(
      fc.property(anySample, ({ schema, values }) => {
        const matcher = createGbnfMatcher(jsonSchemaGrammar(schema));
        const validate = ajv.compile(schema);
        for (const value of values) {
          expect({ value, valid: validate(value) }).toEqual({ value, valid: true });
          const json = JSON.stringify(value);
          expect({ json, accepted: matcher.accepts(json) }).toEqual({ json, accepted: json.length });
          expect(matcher.matches(json)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});
