import { describe, expect, it } from 'vitest';
import type { ChatMessage, ToolCall } from '../../tier.js';
import type { TemplateCapabilities } from './template-capabilities.js';
import { templateMessages } from './template-messages.js';

const able: TemplateCapabilities = {
  systemRole: true,
  content: 'text',
  tools: true,
  noTools: null,
  toolCalls: true,
  callArguments: 'object',
  emptyContent: null,
  parallelCalls: true,
  toolResponses: true,
  shortCallIds: false,
  reasoningKeys: [],
};
const call = (id: string, name = 'f'): ToolCall => ({ id, name, arguments: '{"a": 1}' });
const adapt = (
  messages: readonly ChatMessage[],
  capabilities: Partial<TemplateCapabilities> = {},
  toolInstructions?: string,
) =>
  templateMessages(messages, {
    capabilities: { ...able, ...capabilities },
    polyfills: {
      writeCall: ({ name, arguments: args }) => `CALL ${name} ${args}`,
      ...(toolInstructions === undefined ? {} : { toolInstructions }),
    },
  });
const twoCalls: readonly ChatMessage[] = [
  { role: 'user', content: 'u' },
  { role: 'assistant', content: 'both', toolCalls: [call('1'), call('2', 'g')] },
  { role: 'tool', toolCallId: '2', content: 'r2' },
  { role: 'tool', toolCallId: '1', content: 'r1' },
  { role: 'user', content: 'next' },
];

describe('messages for a template', () => {
  it('that can do all come in OpenAI form, results with the name of their tool', () => {
    expect(adapt(twoCalls)).toEqual([
      { role: 'user', content: 'u' },
      {
        role: 'assistant',
        content: 'both',
        tool_calls: [
          { id: '1', type: 'function', function: { name: 'f', arguments: { a: 1 } } },
          { id: '2', type: 'function', function: { name: 'g', arguments: { a: 1 } } },
        ],
      },
      { role: 'tool', tool_call_id: '2', name: 'g', content: 'r2' },
      { role: 'tool', tool_call_id: '1', name: 'f', content: 'r1' },
      { role: 'user', content: 'next' },
    ]);
  });

  it('without parallel calls become one call after the other, each with its result', () => {
    const roles = adapt(twoCalls, { parallelCalls: false }).map((message) => [message.role, message.tool_call_id]);
    expect(roles).toEqual([
      ['user', undefined],
      ['assistant', undefined],
      ['tool', '1'],
      ['assistant', undefined],
      ['tool', '2'],
      ['user', undefined],
    ]);
  });

  it('without calls and results become text, results in one user message with what the user says next', () => {
    expect(
      adapt(twoCalls, { toolCalls: false, toolResponses: false }).map(({ role, content }) => [role, content]),
    ).toEqual([
      ['user', 'u'],
      ['assistant', 'both\nCALL f {"a": 1}\nCALL g {"a": 1}'],
      [
        'user',
        '<tool_response>\n{"name":"g","content":"r2"}\n</tool_response>\n<tool_response>\n{"name":"f","content":"r1"}\n</tool_response>\nnext',
      ],
    ]);
  });

  it('without a system role put its text before the next user message', () => {
    const messages: readonly ChatMessage[] = [
      { role: 'system', content: 's1' },
      { role: 'developer', content: [{ type: 'text', text: 's2' }] },
      { role: 'user', content: 'u' },
      { role: 'assistant', content: 'a' },
      { role: 'system', content: 's3' },
    ];
    expect(adapt(messages, { systemRole: false }).map(({ role, content }) => [role, content])).toEqual([
      ['user', 's1\n\ns2\n\nu'],
      ['assistant', 'a'],
      ['user', 's3'],
    ]);
    expect(adapt(messages).map(({ role }) => role)).toEqual(['system', 'system', 'user', 'assistant', 'system']);
  });

  it('get tool instructions in the system message, which is made where there is none', () => {
    expect(adapt([{ role: 'user', content: 'u' }], {}, 'TOOLS')[0]).toEqual({ role: 'system', content: 'TOOLS' });
    expect(
      adapt(
        [
          { role: 'system', content: 's' },
          { role: 'user', content: 'u' },
        ],
        {},
        'TOOLS',
      )[0],
    ).toEqual({
      role: 'system',
      content: 's\n\nTOOLS',
    });
  });

  it('get parts, short ids, text arguments and empty content where the template wants them', () => {
    const messages: readonly ChatMessage[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: null, toolCalls: [call('call_0123456789')], reasoning: 'hm' },
      { role: 'tool', toolCallId: 'call_0123456789', content: 'r' },
    ];
    const adapted = adapt(messages, {
      content: 'parts',
      shortCallIds: true,
      callArguments: 'text',
      emptyContent: '',
      reasoningKeys: ['thinking'],
    }) as readonly Record<string, unknown>[];
    expect(adapted[0]).toEqual({ role: 'user', content: [{ type: 'text', text: 'a\nb' }] });
    const id = (adapted[1]!.tool_calls as { id: string }[])[0]!.id;
    expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(adapted[1]).toMatchObject({
      content: '',
      thinking: 'hm',
      tool_calls: [{ function: { arguments: '{"a": 1}' } }],
    });
    expect(adapted[2]!.tool_call_id).toBe(id);
  });

  it('keep arguments that are no JSON as text', () => {
    const messages: readonly ChatMessage[] = [
      { role: 'assistant', content: null, toolCalls: [{ ...call('1'), arguments: '{"a' }] },
    ];
    expect(adapt(messages)[0]).toMatchObject({ tool_calls: [{ function: { arguments: '{"a' } }] });
  });
});
