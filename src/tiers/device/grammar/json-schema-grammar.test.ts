import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../tier.js';
import { TierError } from '../../tier-error.js';
import { createGbnfMatcher, type GbnfMatcher } from './gbnf-matcher.test-support.js';
import { jsonObjectGrammar, jsonSchemaGrammar } from './json-schema-grammar.js';

const matcherOf = (schema: JsonSchema): GbnfMatcher => createGbnfMatcher(jsonSchemaGrammar(schema));

const person = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['name'],
};

describe('what a schema lets through', () => {
  const cases: readonly (readonly [string, JsonSchema, readonly unknown[], readonly unknown[]])[] = [
    ['string', { type: 'string' }, ['', 'a "b" \\ \n é 😀'], [1, null, {}]],
    ['integer', { type: 'integer' }, [0, -12, 123456789012], [1.5, 'x', true]],
    ['number', { type: 'number' }, [0, -0.5, 1e-7, 1.5e300, 123456789.125], ['1']],
    ['several types', { type: ['string', 'null'] }, ['a', null], [1]],
    ['nullable', { type: 'integer', nullable: true }, [1, null], ['']],
    [
      'enum',
      { enum: ['a', 'ab', 'b', 1, 12, true, null, { x: [1] }] },
      ['a', 'ab', 1, 12, true, null, { x: [1] }],
      [2, 'c', '', { x: [] }],
    ],
    ['enum within a type', { type: 'string', enum: ['a', 1, null] }, ['a'], [1, null]],
    ['const', { const: { a: [1, 'x'] } }, [{ a: [1, 'x'] }], [{ a: [1] }]],
    [
      'required and optional',
      person,
      [{ name: 'x' }, { name: '', age: 3 }, { name: 'x', tags: ['a', 'b'] }],
      [{}, { age: 1 }, { name: 1 }, { name: 'x', other: 1 }],
    ],
    ['an object without keys', { type: 'object', properties: {}, additionalProperties: false }, [{}], [{ a: 1 }]],
    ['any object', { type: 'object' }, [{}, { a: { b: [1, 'x', null, true] } }], [[], 'x']],
    [
      'additional of a type',
      { type: 'object', additionalProperties: { type: 'integer' } },
      [{}, { a: 1, b: 2 }],
      [{ a: 'x' }],
    ],
    [
      'named and additional',
      {
        type: 'object',
        properties: { ab: { type: 'string' } },
        required: ['ab'],
        additionalProperties: { type: 'integer' },
      },
      [{ ab: 'x' }, { ab: 'x', a: 1, abc: 2, '"q': 3 }],
      [{ a: 1 }, { ab: 'x', a: 'y' }],
    ],
    [
      'required but not named',
      { type: 'object', properties: { a: {} }, required: ['z'] },
      [{ z: 1 }, { a: [], z: 'x' }],
      [{}, { a: 1 }],
    ],
    [
      'pattern properties',
      {
        type: 'object',
        patternProperties: { '^n_': { type: 'integer' }, '^s_': { type: 'string' } },
        additionalProperties: false,
      },
      [{}, { n_a: 1, s_b: 'x' }],
      [{ n_a: 'x' }, { other: 1 }],
    ],
    [
      'property names',
      { type: 'object', propertyNames: { pattern: '^[a-z]+$', maxLength: 3 }, additionalProperties: { type: 'null' } },
      [{ abc: null }],
      [{ abcd: null }, { A: null }],
    ],
    [
      'property names of an enum',
      { type: 'object', propertyNames: { enum: ['x', 'y'] }, additionalProperties: { type: 'boolean' } },
      [{ x: true, y: false }],
      [{ z: true }],
    ],
    [
      'property counts',
      {
        type: 'object',
        properties: { a: { type: 'null' }, b: { type: 'null' }, c: { type: 'null' } },
        minProperties: 1,
        maxProperties: 2,
      },
      [{ a: null }, { b: null, c: null }],
      [{}, { a: null, b: null, c: null }],
    ],
    [
      'counts of additional',
      { type: 'object', additionalProperties: { type: 'null' }, minProperties: 2, maxProperties: 3 },
      [
        { a: null, b: null },
        { a: null, b: null, c: null },
      ],
      [{}, { a: null }, { a: null, b: null, c: null, d: null }],
    ],
    ['array', { type: 'array', items: { type: 'integer' } }, [[], [1], [1, 2, 3]], [['a'], {}]],
    [
      'array counts',
      { type: 'array', items: { type: 'null' }, minItems: 2, maxItems: 3 },
      [
        [null, null],
        [null, null, null],
      ],
      [[], [null], [null, null, null, null]],
    ],
    [
      'array of exactly one',
      { type: 'array', items: { type: 'null' }, minItems: 1, maxItems: 1 },
      [[null]],
      [[], [null, null]],
    ],
    ['array of at most one', { type: 'array', items: { type: 'null' }, maxItems: 1 }, [[], [null]], [[null, null]]],
    ['empty array', { type: 'array', maxItems: 0 }, [[]], [[1]]],
    [
      'tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }] },
      [['a', 1]],
      [['a'], [1, 'a'], ['a', 1, 2]],
    ],
    [
      'tuple with more',
      { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'integer' }, maxItems: 3 },
      [['a'], ['a', 1, 2]],
      [[], ['a', 'b'], ['a', 1, 2, 3]],
    ],
    [
      'tuple that may be shorter',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], minItems: 0 },
      [[], ['a'], ['a', 1]],
      [[1]],
    ],
    ['old tuple', { type: 'array', items: [{ type: 'string' }], additionalItems: false }, [['a']], [['a', 'b']]],
    ['lengths', { type: 'string', minLength: 2, maxLength: 3 }, ['ab', 'a"c', '😀😀'], ['a', 'abcd']],
    [
      'a long length',
      { type: 'string', minLength: 1500, maxLength: 4000 },
      ['x'.repeat(1500), 'x'.repeat(2999), 'x'.repeat(4000)],
      ['x'.repeat(1499), 'x'.repeat(4001)],
    ],
    ['pattern', { type: 'string', pattern: '^[A-Z]{2}-\\d+$' }, ['AB-1', 'XY-007'], ['ab-1', 'AB-', 'AB-1 ']],
    ['pattern that is not anchored', { type: 'string', pattern: 'b+' }, ['abc', 'b'], ['ac', '']],
    ['pattern with quotes', { type: 'string', pattern: '^["\\\\\\n]+$' }, ['"', '\\"\n'], ['a']],
    [
      'pattern and length',
      { type: 'string', pattern: '^a+$', minLength: 2, maxLength: 4 },
      ['aa', 'aaaa'],
      ['a', 'aaaaa', 'ab'],
    ],
    ['format', { type: 'string', format: 'date' }, ['2024-02-29'], ['2023-02-29', 'today']],
    ['range', { type: 'integer', minimum: -5, maximum: 120 }, [-5, 0, 7, 99, 120], [-6, 121]],
    ['open range', { type: 'integer', exclusiveMinimum: 9 }, [10, 99, 1000], [9, 0, -1]],
    ['draft 4 range', { type: 'integer', minimum: 1, exclusiveMinimum: true, maximum: 3 }, [2, 3], [1, 4]],
    ['number range', { type: 'number', minimum: 0, maximum: 1 }, [0, 1, 0.5, 0.125], [-0.1, 1.5, 2]],
    ['multipleOf', { type: 'integer', multipleOf: 5 }, [0, 5, -10, 125], [1, 7]],
    [
      'anyOf',
      { anyOf: [{ type: 'string' }, { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] }] },
      ['x', { a: null }],
      [{}, 1],
    ],
    [
      'oneOf with a shared part',
      {
        type: 'object',
        properties: { kind: {} },
        required: ['kind'],
        oneOf: [
          { properties: { kind: { const: 'a' }, x: { type: 'integer' } }, required: ['x'] },
          { properties: { kind: { const: 'b' } } },
        ],
      },
      [{ kind: 'a', x: 1 }, { kind: 'b' }],
      [{ kind: 'a' }, { kind: 'c' }],
    ],
    [
      'allOf',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
          { properties: { b: { type: 'string' }, a: { minimum: 3 } } },
        ],
      },
      [{ a: 3 }, { a: 4, b: 'x' }],
      [{ a: 2 }, { b: 'x' }],
    ],
    [
      'allOf of closed objects',
      {
        allOf: [
          { type: 'object', properties: { a: {}, b: {} }, additionalProperties: false },
          { properties: { b: {} }, additionalProperties: { type: 'integer' } },
        ],
      },
      [{ b: 1 }, { a: 1 }],
      [{ a: 'x' }, { c: 1 }],
    ],
    ['reference', { $ref: '#/$defs/x', $defs: { x: { type: 'integer' } } }, [1], ['a']],
    [
      'reference with more beside it',
      { $ref: '#/definitions/a~1b', minimum: 5, definitions: { 'a/b': { type: 'integer' } } },
      [5],
      [4],
    ],
    [
      'a list that refers to itself',
      {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            type: 'object',
            properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
            required: ['value', 'next'],
          },
        },
      },
      [
        { value: 1, next: null },
        { value: 1, next: { value: 2, next: { value: 3, next: null } } },
      ],
      [{ value: 1 }, { value: 1, next: 2 }],
    ],
    [
      'a tree that refers to the root',
      { type: 'object', properties: { children: { type: 'array', items: { $ref: '#' } } } },
      [{}, { children: [{}, { children: [] }] }],
      [{ children: [1] }],
    ],
    [
      'an anchor',
      { type: 'array', items: { $ref: '#num' }, $defs: { n: { $anchor: 'num', type: 'integer' } } },
      [[1]],
      [['a']],
    ],
    ['only a description', { description: 'anything' }, [1, 'x', null, [], {}], []],
    ['true', { type: 'object', properties: { a: true, b: false } }, [{ a: [1] }, {}], [{ b: 1 }]],
  ];
  it.each(cases)('%s', (_, schema, inside, outside) => {
    const matcher = matcherOf(schema);
    for (const value of inside)
      for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)])
        expect([text.slice(0, 60), matcher.matches(text)]).toEqual([text.slice(0, 60), true]);
    for (const value of outside) expect([value, matcher.matches(JSON.stringify(value))]).toEqual([value, false]);
  });

  it('takes white space only in measure', () => {
    const matcher = matcherOf(person);
    expect(matcher.matches('{ "name": "x", "age": 1 }')).toBe(true);
    expect(matcher.matches(`{${' '.repeat(50)}"name":"x"}`)).toBe(false);
    expect(matcher.matches(`{${'\n'.repeat(5)}"name":"x"}`)).toBe(false);
  });

  it('never yields a lone surrogate', () => {
    const matcher = matcherOf({ type: 'string' });
    expect(matcher.matches('"\\ud83d\\ude00"')).toBe(true);
    expect(matcher.matches('"\\ud83d"')).toBe(false);
    expect(matcher.matches('"\\ude00"')).toBe(false);
  });

  it('json_object is any object and nothing else', () => {
    const matcher = createGbnfMatcher(jsonObjectGrammar());
    expect(matcher.matches('{"a": [1, {"b": null}], "c": "\\u00e9"}')).toBe(true);
    expect(matcher.matches('[]')).toBe(false);
  });
});

describe('what is refused', () => {
  const deep = (levels: number): JsonSchema => {
    let schema: JsonSchema = { type: 'string' };
    for (let level = 0; level < levels; level++) schema = { type: 'object', properties: { a: schema } };
    return schema;
  };
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `value ${index}`);
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['no schema', 'x', /must be an object or a boolean, this one is of type string/],
    ['a remote reference', { $ref: 'https://example.org/x.json' }, /#.*refers to "https:\/\/example.org\/x.json"/],
    [
      'a dangling reference',
      { properties: { a: { $ref: '#/$defs/none' } } },
      /#\/properties\/a refers to .* not there/,
    ],
    ['a reference that is no schema', { $ref: '#/title', title: 'x' }, /which is no schema/],
    [
      'a schema that is itself',
      { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] } } },
      /refers to itself without anything between/,
    ],
    [
      'an endless object',
      {
        $ref: '#/$defs/a',
        $defs: { a: { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, required: ['a'] } },
      },
      /requires itself and so has no finite value/,
    ],
    ['nothing left', { type: 'string', enum: [1, 2] }, /no value satisfies it/],
    ['an impossible length', { type: 'string', minLength: 3, maxLength: 2 }, /no value satisfies it/],
    ['an impossible range', { type: 'integer', minimum: 3, maximum: 2 }, /no value satisfies it/],
    ['an unknown type', { type: 'text' }, /#.*has the type "text"/],
    [
      'a keyword that cannot be enforced',
      { type: 'array', uniqueItems: true },
      /"uniqueItems", which cannot be enforced/,
    ],
    ['if', { type: 'object', properties: { a: { if: {}, else: {} } } }, /#\/properties\/a has the keyword "if"/],
    ['a misspelt keyword', { type: 'string', maxLenght: 5 }, /"maxLenght"/],
    ['a negative length', { type: 'string', minLength: -1 }, /minLength that is of type number or out of range/],
    ['a bad pattern', { type: 'string', pattern: '(' }, /is no regular expression/],
    ['lookahead', { type: 'string', pattern: '^(?!x)' }, /lookaround/],
    ['an unknown format', { type: 'string', format: 'iri' }, /format "iri"; enforced are date,/],
    ['properties as a list', { properties: [] }, /properties that is an array/],
    ['an empty anyOf', { anyOf: [] }, /anyOf that is no list of schemas/],
    ['a schema within that is none', { properties: { a: 3 } }, /a schema in it is of type number/],
    ['deep nesting', deep(5000), /nests too deep; the limit is 100/],
    ['too many enum values', { enum: many(10_001) }, /10001 enum values or more; the limit is 10000/],
    ['a schema of megabytes', { description: 'x'.repeat(3_000_000) }, /too long .* limit is 1000000/],
    [
      'too many properties',
      { properties: Object.fromEntries(many(6000).map((name) => [name, {}])) },
      /properties or more; the limit is 5000/,
    ],
  ];
  it.each(cases)('%s', (_, schema, message) => {
    expect(() => jsonSchemaGrammar(schema as JsonSchema)).toThrow(TierError);
    expect(() => jsonSchemaGrammar(schema as JsonSchema)).toThrow(message);
  });

  it('ignores on request what cannot be enforced, and keeps the rest', () => {
    const schema = { type: 'array', uniqueItems: true, items: { type: 'string', pattern: '^(?!x)', format: 'iri' } };
    const matcher = createGbnfMatcher(jsonSchemaGrammar(schema, { unsupported: 'ignore' }));
    expect(matcher.matches('["a","a"]')).toBe(true);
    expect(matcher.matches('[1]')).toBe(false);
  });

  it('takes ten thousand enum values as one tree', () => {
    const values = many(10_000);
    const matcher = matcherOf({ enum: values });
    expect(matcher.matches('"value 0"')).toBe(true);
    expect(matcher.matches('"value 9999"')).toBe(true);
    expect(matcher.matches('"value 10000"')).toBe(false);
    expect(() => jsonSchemaGrammar({ enum: Array.from({ length: 5000 }, (_, n) => 'a'.repeat(n)) })).toThrow(
      /characters/,
    );
  });
});
