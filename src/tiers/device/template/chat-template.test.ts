import { describe, expect, it } from 'vitest';
import { TierError } from '../../tier-error.js';
import { compileChatTemplate } from './chat-template.js';
import {
  deepseekLike,
  gemmaLike,
  harmonyLike,
  llamaLike,
  mistralLike,
  partsOnly,
  qwenLike,
} from './sample-templates.test-support.js';
import { strftime } from './strftime.js';
import { detectCapabilities } from './template-capabilities.js';

const now = new Date(2024, 6, 5, 13, 4, 9);
const render = (source: string, variables: Record<string, unknown> = {}): string =>
  compileChatTemplate(source).render(variables, now);

describe('templates', () => {
  it.each([
    ["{{ strftime_now('%d %b %Y') }}", '05 Jul 2024'],
    ["{{ '\\n a \\n'.strip('\\n') }}|{{ ' a '.strip() }}|{{ 'xxa'.lstrip('x') }}", ' a |a|a'],
    ["{{ '{}-{}{{'.format('a', 1) }}", 'a-1{'],
    ['{%- set l = [] %}{%- set _ = l.append({"a": 1}) %}{%- set _ = l.append(2) %}{{ l | tojson }}', '[{"a": 1}, 2]'],
    ['{%- set l = [1, 2, 3] %}{{ l.pop(0) }}{{ l.pop() }}{{ l | tojson }}', '13[2]'],
    ['{{ [3, 1, 2] | min }}{{ [3, 1, 2] | max }}', '13'],
    ['{{ {"a": [1]} | string }}', '{"a":[1]}'],
    ["{{ 'a.b.c'.rsplit('.', 1) | tojson }}", '["a.b", "c"]'],
    ["{{ 'abc'.find('c') }}{{ 'abab'.count('b') }}{{ '12'.isdigit() }}", '22true'],
    ['{%- for a, b in [("x", "y"), ("z", "w")] %}{{ a + b }}{%- endfor %}', 'xyzw'],
    ["{{ ', '.join(['a', 'b']) }}", 'a, b'],
    ['{{ missing is defined }}{{ tools is none }}', 'falsetrue'],
  ])('%s', (source, expected) => {
    expect(render(source, { tools: null })).toBe(expected);
  });

  it('formats dates in English, whatever the machine speaks', () => {
    expect(strftime(now, '%A %a %-d %B %b %y %j %I:%M %p %H:%S %% %Q')).toBe(
      'Friday Fri 5 July Jul 24 187 01:04 PM 13:09 % %Q',
    );
  });

  it('tells a refusal of the template from its failure', () => {
    const refusing = compileChatTemplate("{{ raise_exception('roles must alternate') }}");
    expect(() => refusing.render({}, now)).toThrow(
      expect.objectContaining({ code: 'invalid-messages', message: expect.stringContaining('roles must alternate') }),
    );
    expect(() => render('{{ 1 + none.x.y }}')).toThrow(expect.objectContaining({ code: 'template-failed' }));
    expect(() => compileChatTemplate('{% if %}')).toThrow(TierError);
    expect(() => compileChatTemplate('{% for x in')).toThrow(expect.objectContaining({ code: 'template-failed' }));
    expect(() => render('{{ range(100000000000) | list }}')).toThrow(/limit is 1000000/);
  });
});

describe('what a template can do', () => {
  const of = (source: string) => detectCapabilities(compileChatTemplate(source));
  it.each([
    [
      'qwen',
      qwenLike,
      {
        systemRole: true,
        tools: true,
        toolCalls: true,
        parallelCalls: true,
        toolResponses: true,
        callArguments: 'object',
        reasoningKeys: ['reasoning_content'],
      },
    ],
    ['llama', llamaLike, { systemRole: true, tools: true, toolCalls: true, parallelCalls: false, toolResponses: true }],
    [
      'mistral',
      mistralLike,
      { systemRole: false, tools: true, toolCalls: true, shortCallIds: true, parallelCalls: true },
    ],
    ['gemma', gemmaLike, { systemRole: false, tools: false, toolCalls: false, toolResponses: false }],
    ['deepseek', deepseekLike, { systemRole: true, tools: false, toolCalls: true, callArguments: 'text' }],
    ['parts', partsOnly, { systemRole: true, content: 'parts', tools: false }],
    ['harmony', harmonyLike, { systemRole: true, tools: true, toolCalls: true, parallelCalls: false }],
    [
      'tools must be a list',
      '{{ tools | length }}{%- for tool in tools %}{{ tool.function.name }}{%- endfor %}{{ messages[0].content }}',
      { noTools: [], tools: true },
    ],
    [
      'broken',
      "{{ raise_exception('never') }}",
      { systemRole: false, tools: false, toolCalls: false, content: 'text', noTools: null },
    ],
  ] as const)('%s', (_, source, expected) => {
    expect(of(source)).toMatchObject(expected);
  });
});
