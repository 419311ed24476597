import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSchemaCheck } from './check-schema.js';
import { paramOf } from './schema-words.js';
import { ChatBodySchema } from './schemas/chat.js';

const messageOf = (check: () => unknown): string => {
  try {
    check();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

describe('paramOf', () => {
  it.each([
    ['', ''],
    ['/messages', 'messages'],
    ['/messages/0/content/12/text', 'messages[0].content[12].text'],
    ['/metadata/a~1b~0c', 'metadata.a/b~c'],
  ])('%j is %j', (pointer, param) => expect(paramOf(pointer)).toBe(param));
});

describe('createSchemaCheck', () => {
  const Shape = Type.Union(
    [
      Type.Object({ kind: Type.Literal('circle'), radius: Type.Number({ minimum: 0 }) }),
      Type.Object({ kind: Type.Literal('square'), side: Type.Integer() }),
    ],
    { discriminator: 'kind', hints: { triangle: 'Use two squares.' } },
  );
  const check = createSchemaCheck(Type.Object({ shape: Type.Union([Shape, Type.Null()]) }));

  it.each([
    [
      { shape: { kind: 'circle', radius: -1 } },
      "Invalid 'shape.radius': decimal below minimum value. Expected a value >= 0, but got -1 instead.",
    ],
    [{ shape: { kind: 'square', radius: 1 } }, "Missing required parameter: 'shape.side'."],
    [
      { shape: { kind: 'triangle' } },
      "Invalid value for 'shape.kind': 'triangle'. Supported values are: 'circle' and 'square'. Use two squares.",
    ],
    [{ shape: {} }, "Missing required parameter: 'shape.kind'."],
    [{ shape: 'circle' }, "Invalid type for 'shape': expected an object, but got a string instead."],
    [{}, "Missing required parameter: 'shape'."],
    [5, "Invalid type for 'body': expected an object, but got an integer instead."],
  ])('says of %j: %s', (value, message) => {
    expect(messageOf(() => check(value))).toBe(message);
  });

  it('names where the value stands', () => {
    expect(messageOf(() => check({ shape: { kind: 'square', side: 'x' } }, 'input[3]'))).toMatch(
      /^Invalid type for 'input\[3\]\.shape\.side'/,
    );
    expect(messageOf(() => check(null, 'input[3]'))).toMatch(/'input\[3\]'/);
  });

  it('leaves the value as it is but for top-level nulls', () => {
    const optional = createSchemaCheck(Type.Object({ a: Type.Optional(Type.String()) }));
    expect(optional({ a: null, extra: { b: null } })).toEqual({ extra: { b: null } });
  });

  it('names a field of the body, or the body, for whatever does not fit', () => {
    const checkChat = createSchemaCheck(ChatBodySchema);
    const roles = fc.constantFrom('user', 'system', 'assistant', 'tool', 'other');
    const message = fc.record({ role: fc.oneof(roles, fc.jsonValue()), content: fc.jsonValue() }, { requiredKeys: [] });
    fc.assert(
      fc.property(
        fc.record({ messages: fc.array(fc.oneof(message, fc.jsonValue())), tools: fc.jsonValue() }),
        (body) => {
          const text = messageOf(() => checkChat(body));
          expect(text).toMatch(/^no error$|'(messages|tools|body)/);
        },
      ),
    );
  });
});
