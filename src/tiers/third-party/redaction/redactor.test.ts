/** What leaves is walked whole, numbered predictably, and stopped when anything is uncertain. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest, CompletionRequest, EmbeddingRequest } from '../../tier.js';
import type { RedactedRequest } from './redaction.js';
import { RedactionError } from './redaction-error.js';
import type { RedactionRules } from './redaction-rules.js';
import { createRedactor } from './redactor.js';
import type { RedactableRequest } from './walk-request.js';

const redact = <Request extends RedactableRequest>(request: Request, rules: RedactionRules = {}) =>
  createRedactor(rules).redact(request);
const say = (...texts: string[]): ChatRequest => ({
  model: 'm',
  messages: texts.map((content) => ({ role: 'user', content })),
});
const failure = (request: unknown, rules: RedactionRules = {}): RedactionError => {
  try {
    redact(request as ChatRequest, rules);
  } catch (error) {
    if (error instanceof RedactionError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const mail = 'ada@example.com';

describe('what is walked', () => {
  const full: ChatRequest = {
    model: 'm',
    messages: [
      { role: 'system', content: `about ${mail}` },
      { role: 'developer', content: [{ type: 'text', text: `ask ${mail}` }], name: 'Ada_Lovelace' },
      { role: 'user', content: mail, name: 'ada' },
      {
        role: 'assistant',
        content: null,
        reasoning: `it is ${mail}`,
        toolCalls: [{ id: `c-${mail}`, name: 'write_to_ada', arguments: `{ "to": "${mail}", "n": 1.0, "n": 2 }` }],
      },
      { role: 'tool', toolCallId: `c-${mail}`, content: `{"rows": [{"mail": "${mail}"}]}` },
    ],
    tools: [
      {
        name: 'write_to_ada',
        description: `writes to ${mail}`,
        parameters: {
          type: 'object',
          properties: { [mail]: { type: 'string', enum: [mail], default: mail }, n: { const: 4111111111111111 } },
          required: [mail],
        },
      },
    ],
    toolChoice: { name: 'write_to_ada' },
    stop: [mail],
    templateVariables: { user: { mail, password: 'correct horse', age: 42 } },
    responseFormat: { type: 'json-schema', name: 'about_ada', schema: { description: mail } },
    sampling: { temperature: 0, logitBias: [[5, Number.NEGATIVE_INFINITY]] },
    maxTokens: 5,
    client: mail,
    cacheScope: mail,
  };
  const { request, found } = redact(full, { terms: [{ kind: 'name', words: ['ada', 'Ada Lovelace'] }] });
  const body = JSON.stringify(request);

  it('is every text of a chat request', () => {
    expect(body).not.toContain(mail);
    expect(body.toLowerCase()).not.toContain('ada');
    expect(body).not.toContain('4111');
    expect(body).not.toContain('correct horse');
    expect(request).toMatchObject({ model: 'm', maxTokens: 5, sampling: full.sampling, messages: { length: 5 } });
  });

  it('not who asks, which does not leave', () => {
    expect(request).not.toHaveProperty('client');
    expect(request).not.toHaveProperty('cacheScope');
  });

  it('keeps what belongs together together: calls with results, tools with calls, schemas with themselves', () => {
    const [, , , call, result] = request.messages;
    const { id, name } = (call?.role === 'assistant' && call.toolCalls?.[0]) || { id: '', name: '' };
    expect(result).toHaveProperty('toolCallId', id);
    expect(request.tools![0]!.name).toBe(name);
    expect(request.toolChoice).toEqual({ name });
    // A name that a provider takes.
    expect(name).toMatch(/^[A-Za-z0-9_]+$/);
    const { properties, required } = request.tools![0]!.parameters as { properties: object; required: string[] };
    expect(Object.keys(properties)).toContain(required[0]);
  });

  it('replaces values in JSON and leaves the rest of its bytes', () => {
    const call = request.messages[3];
    const text = (call?.role === 'assistant' && call.toolCalls?.[0]?.arguments) || '';
    expect(text).toMatch(/^\{ "to": "\[EMAIL_1\]", "n": 1\.0, "n": 2 \}$/);
    expect(request.messages[4]!.content).toBe('{"rows": [{"mail": "[EMAIL_1]"}]}');
  });

  it('tells what was found, and not the values', () => {
    expect(found.find(({ placeholder }) => placeholder === '[EMAIL_1]')).toEqual({
      kind: 'email',
      placeholder: '[EMAIL_1]',
      count: body.split(/EMAIL_1(?!\d|_)/).length - 1,
    });
    expect(JSON.stringify(found)).not.toContain('ada');
  });

  it('is every text of completions and embeddings', () => {
    const completion: CompletionRequest = {
      model: 'm',
      prompt: `to ${mail}`,
      grammar: `root ::= "${mail}"`,
      stop: [mail],
      responseFormat: { type: 'json-object' },
      client: 'x',
    };
    expect(redact(completion).request).toEqual({
      model: 'm',
      prompt: 'to [EMAIL_1]',
      grammar: 'root ::= "[EMAIL_1]"',
      stop: ['[EMAIL_1]'],
      responseFormat: { type: 'json-object' },
    });
    const embedding: EmbeddingRequest = { model: 'm', inputs: [mail, 'plain', `${mail} twice`] };
    expect(redact(embedding).request.inputs).toEqual(['[EMAIL_1]', 'plain', '[EMAIL_1] twice']);
  });

  it('tells a value by the name that it stands under', () => {
    const request = say('{"user": "ada", "password": "swordfish", "pins": [1], "phone": 4155552671, "n": 4155552672}');
    expect(redact(request).request.messages[0]!.content).toBe(
      '{"user": "ada", "password": "[SECRET_1]", "pins": [1], "phone": "[PHONE_1]", "n": 4155552672}',
    );
  });

  it('is arguments that are no JSON, because they broke off', () => {
    const { request } = redact({
      model: 'm',
      messages: [
        { role: 'assistant', content: null, toolCalls: [{ id: 'c', name: 'f', arguments: `{"to": "${mail}` }] },
      ],
    });
    expect(request.messages[0]).toHaveProperty('toolCalls', [{ id: 'c', name: 'f', arguments: '{"to": "[EMAIL_1]' }]);
  });

  it('leaves members of any name alone', () => {
    const text = '{"__proto__": {"constructor": 1}, "toString": "x"}';
    const variables = JSON.parse(text) as Record<string, unknown>;
    const { request } = redact({ ...say(text), templateVariables: variables });
    expect(JSON.stringify(request.templateVariables)).toBe(JSON.stringify(variables));
    expect(request.messages[0]!.content).toBe(text);
  });
});

describe('a redacted request', () => {
  it('is a type that nothing else has, copies with other content included', () => {
    const send = (request: RedactedRequest<ChatRequest>): string => JSON.stringify(request.messages);
    const { request } = redact(say(mail));
    expect(send(request)).not.toContain(mail);
    // @ts-expect-error A request as it came.
    expect(send(say(mail))).toContain(mail);
    // @ts-expect-error A copy, into which anything may have been put.
    expect(send({ ...request, messages: say(mail).messages })).toContain(mail);
  });
});

describe('placeholders', () => {
  it('are the same for the same value, and tell spellings of it apart', () => {
    const { request, found } = redact(say(`${mail} Ada@Example.com ${mail}`, 'bob@example.com'));
    expect(request.messages.map(({ content }) => content)).toEqual(['[EMAIL_1] [EMAIL_1_2] [EMAIL_1]', '[EMAIL_2]']);
    expect(found.map(({ placeholder, count }) => [placeholder, count])).toEqual([
      ['[EMAIL_1]', 2],
      ['[EMAIL_1_2]', 1],
      ['[EMAIL_2]', 1],
    ]);
  });

  it('are none that the request holds already, in any form that would be read as one', () => {
    for (const taken of ['[EMAIL_1]', 'email_1', 'EMAIL\\_1', 'x[Email_1', '\uff25MAIL_\u200b1', '%5BEMAIL_1%5D'])
      expect(redact(say(`${taken} ${mail}`)).request.messages[0]!.content).toBe(`${taken} [EMAIL_2]`);
    expect(redact(say('{"EMAIL_1": 1}', mail)).request.messages[1]!.content).toBe('[EMAIL_2]');
  });

  it('do not say what follows them', () => {
    const text =
      'bob@example.com +49 30 1234567, 12345678; 4111 1111 1111 1111 9999999999999995; PIN: 4821: abcd1234efgh';
    expect(redact(say(text)).request.messages[0]!.content).toBe(
      '[EMAIL_1] [PHONE_1], 12345678; [CARD_1] 9999999999999995; PIN: [SECRET_1]: abcd1234efgh',
    );
  });

  it('are one for a value that is of one kind here and of another there', () => {
    const { request } = redact(say('BSN 111222333', 'phone 111222333'));
    expect(request.messages.map(({ content }) => content)).toEqual(['BSN [NATIONALID_1]', 'phone [NATIONALID_1]']);
  });

  it('keep their numbers when a later message gives an earlier word away', () => {
    const first = say('I like swordfish', `${mail} token=abcdef12345`);
    const second = say(...first.messages.map(({ content }) => content as string), 'password: "swordfish"');
    expect(redact(first).request.messages[1]!.content).toBe('[EMAIL_1] token=[SECRET_1]');
    expect(redact(second).request.messages.map(({ content }) => content)).toEqual([
      'I like [SECRET_2]',
      '[EMAIL_1] token=[SECRET_1]',
      'password: "[SECRET_2]"',
    ]);
  });

  it('join what overlaps, so that no piece of a value stays', () => {
    const { request, found } = redact(say('write to 4155552671@example.com, phone 4155552671'));
    expect(request.messages[0]!.content).toBe('write to [EMAIL_1], phone [PHONE_1]');
    expect(found).toHaveLength(2);
  });
});

describe('what stops a request', () => {
  it('images and audio, unless the rules let them through', () => {
    const image = { type: 'image', url: 'data:image/png;base64,AAAA' } as const;
    const audio = { type: 'audio', data: 'AAAA', format: 'wav' } as const;
    for (const part of [image, audio]) {
      const request: ChatRequest = { model: 'm', messages: [{ role: 'user', content: [part] }] };
      expect(failure(request)).toMatchObject({ code: 'media', param: 'messages[0].content[0]' });
      expect(redact(request, { allowMedia: true }).request).toEqual(request);
    }
    const linked: ChatRequest = {
      model: 'm',
      messages: [{ role: 'user', content: [{ type: 'image', url: `https://x.example/${mail}.png` }] }],
    };
    expect(JSON.stringify(redact(linked, { allowMedia: true }).request)).not.toContain('ada@');
  });

  it('token ids', () => {
    expect(failure({ model: 'm', prompt: [1, 2] })).toMatchObject({ code: 'token-ids', param: 'prompt' });
    expect(failure({ model: 'm', inputs: ['a', [1]] })).toMatchObject({ code: 'token-ids', param: 'inputs[1]' });
  });

  it.each([
    [{ ...say('x'), metadata: { mail } }, 'unknown-field', 'metadata'],
    [{ model: 'm', messages: [{ role: 'user', content: 'x', note: mail }] }, 'unknown-field', 'messages[0].note'],
    [{ model: 'm', messages: [{ role: 'critic', content: 'x' }] }, 'unknown-field', 'messages[0].role'],
    [
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'file', id: 'x' }] }] },
      'unknown-field',
      'messages[0].content[0].type',
    ],
    [{ model: 'm' }, 'unknown-field', 'the request'],
    [{ ...say('x'), responseFormat: { type: 'xml' } }, 'unknown-field', 'responseFormat.type'],
    [{ ...say('x'), toolChoice: 'ada' }, 'unsupported-value', 'toolChoice'],
    [{ ...say('x'), sampling: { seed: mail } }, 'unsupported-value', 'sampling.seed'],
    [{ ...say('x'), stop: mail }, 'unsupported-value', 'stop'],
    [{ model: 'm', messages: [{ role: 'user', content: 7 }] }, 'unsupported-value', 'messages[0].content'],
    [{ ...say('x'), templateVariables: { at: new Date(0) } }, 'unsupported-value', 'templateVariables'],
    [{ ...say('x'), templateVariables: { n: 1n } }, 'unsupported-value', 'templateVariables'],
  ])('what nobody decided about (case %#)', (request, code, param) => {
    expect(failure(request)).toMatchObject({ code, param });
  });

  it('values that are nested without end', () => {
    let deep: Record<string, unknown> = {};
    for (let depth = 0; depth < 200; depth++) deep = { deep };
    expect(failure({ ...say('x'), templateVariables: deep })).toMatchObject({ code: 'unsupported-value' });
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(failure({ ...say('x'), templateVariables: circle })).toMatchObject({ code: 'unsupported-value' });
  });

  it('faults of ours, without a word of what they fell over', () => {
    const request = say('x');
    Object.defineProperty(request, 'stop', {
      enumerable: true,
      get: () => {
        throw new SyntaxError(`Unexpected token in ${mail}`);
      },
    });
    const error = failure(request);
    expect(error).toMatchObject({ code: 'internal', message: expect.stringContaining('SyntaxError') });
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain(mail);
  });

  it('a value that is also where nothing can be replaced: in the name of the model', () => {
    expect(failure({ ...say(`token=abcdef12345`), model: 'abcdef12345' })).toMatchObject({ code: 'leak' });
  });

  it('names that would no longer differ', () => {
    // The first is an address with "_2" behind it, the last another spelling of the address.
    const tools = ['a@b.example_2', 'a@b.example', 'A@b.example'].map((name) => ({ name }));
    expect(failure({ ...say('x'), tools })).toMatchObject({ code: 'ambiguous' });
    expect(redact({ ...say('x'), tools: tools.slice(0, 2) }).request.tools).toEqual([
      { name: 'EMAIL_1_2' },
      { name: 'EMAIL_1' },
    ]);
  });

  it('not a secret that is one of the words of the contract', () => {
    expect(redact(say('password: "messages"')).request.messages[0]!.content).toBe('password: "[SECRET_1]"');
  });
});
