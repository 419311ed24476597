/**
 * All chat formats, in the order in which a template is asked about them, and the one for templates that speak none.
 *
 * A new family of models that differs only in its marks is a new entry here.
 */
import type { ChatFormat } from './chat-format.js';
import { functionaryFormat } from './functionary-format.js';
import { createGemmaCallFormat } from './gemma-call-format.js';
import { harmonyFormat } from './harmony-format.js';
import { createJsonCallFormat, type JsonCallSpec } from './json-call-format.js';
import { llamaJsonFormat } from './llama-json-format.js';
import { createPythonicFormat } from './pythonic-format.js';
import { createTaggedArgumentsFormat } from './tagged-arguments-format.js';
import { createTaggedJsonFormat } from './tagged-json-format.js';

const has =
  (...parts: readonly string[]) =>
  (source: string): boolean =>
    parts.every((part) => source.includes(part));

const plainKeys = { name: 'name', arguments: 'arguments' };
const none = { open: '', close: '' };

const hermes: JsonCallSpec = {
  name: 'hermes',
  detect: has('<tool_call>'),
  specialTokens: 'with-tools',
  open: ['<tool_call>'],
  close: '</tool_call>',
  list: false,
  keys: plainKeys,
};

/** In order: the more particular first. */
export const chatFormats: readonly ChatFormat[] = [
  harmonyFormat,
  functionaryFormat,
  createTaggedJsonFormat({
    name: 'kimi',
    detect: has('<|tool_calls_section_begin|>', '<|tool_call_argument_begin|>'),
    specialTokens: 'with-tools',
    section: { open: '<|tool_calls_section_begin|>', close: '<|tool_calls_section_end|>' },
    open: '<|tool_call_begin|>',
    nameEnd: ['<|tool_call_argument_begin|>'],
    close: '<|tool_call_end|>',
    nameEndGrammar: '":" [0-9]{1,3} "<|tool_call_argument_begin|>"',
    readName: (text) => ({ name: text.replace(/^functions\./, '').replace(/:\d+$/, ''), id: text }),
    writeName: (name, index) => `functions.${name}:${index}`,
  }),
  createJsonCallFormat({
    name: 'command-r7b',
    detect: has('<|START_ACTION|>', '<|END_ACTION|>'),
    specialTokens: 'always',
    open: ['<|START_ACTION|>'],
    close: '<|END_ACTION|>',
    list: true,
    keys: { name: 'tool_name', arguments: 'parameters' },
    extraMembers: { before: '( "\\"tool_call_id\\": \\"" [0-9]{1,4} "\\", " )?' },
    content: { open: '<|START_RESPONSE|>', close: '<|END_RESPONSE|>' },
  }),
  createJsonCallFormat({
    name: 'command-r',
    detect: has('<|CHATBOT_TOKEN|>', 'Action:'),
    specialTokens: 'never',
    open: ['Action:\n```json', 'Action: ```json'],
    close: '```',
    list: true,
    keys: { name: 'tool_name', arguments: 'parameters' },
  }),
  createTaggedArgumentsFormat({
    name: 'deepseek-3.2',
    detect: has('DSML'),
    specialTokens: 'with-tools',
    section: { open: '<｜DSML｜function_calls>', close: '</｜DSML｜function_calls>' },
    call: none,
    function: { open: '<｜DSML｜invoke name="', end: '">', close: '</｜DSML｜invoke>' },
    argument: {
      open: '<｜DSML｜parameter name="',
      nameEnd: '">',
      valueOpen: '',
      close: '</｜DSML｜parameter>',
    },
    attribute: (isText) => `" string="${isText}`,
    lines: false,
  }),
  createTaggedJsonFormat({
    name: 'deepseek-3',
    detect: (source) => has('<｜tool▁calls▁begin｜>', '```json')(source),
    specialTokens: 'with-tools',
    section: { open: '<｜tool▁calls▁begin｜>', close: '<｜tool▁calls▁end｜>' },
    open: '<｜tool▁call▁begin｜>',
    nameEnd: ['\n```json\n'],
    close: '\n```<｜tool▁call▁end｜>',
    readName: (text) => ({ name: text.replace(/^.*<｜tool▁sep｜>/s, '') }),
    writeName: (name) => `function<｜tool▁sep｜>${name}`,
  }),
  createTaggedJsonFormat({
    name: 'deepseek-3.1',
    detect: has('<｜tool▁calls▁begin｜>'),
    specialTokens: 'with-tools',
    section: { open: '<｜tool▁calls▁begin｜>', close: '<｜tool▁calls▁end｜>' },
    open: '<｜tool▁call▁begin｜>',
    nameEnd: ['<｜tool▁sep｜>'],
    close: '<｜tool▁call▁end｜>',
  }),
  createTaggedJsonFormat({
    name: 'mistral-args',
    detect: has('[TOOL_CALLS]', '[ARGS]'),
    specialTokens: 'with-tools',
    section: none,
    open: '[TOOL_CALLS]',
    nameEnd: ['[ARGS]'],
    close: '',
    nameEndGrammar: '( "[CALL_ID]" [a-zA-Z0-9]{9} )? "[ARGS]"',
    readName: (text) => {
      const [name = '', id] = text.split('[CALL_ID]');
      return id === undefined ? { name } : { name, id };
    },
  }),
  createJsonCallFormat({
    name: 'mistral-list',
    detect: has('[TOOL_CALLS]'),
    specialTokens: 'with-tools',
    open: ['[TOOL_CALLS]'],
    close: '',
    list: true,
    keys: plainKeys,
    extraMembers: { after: '( ", \\"id\\": \\"" [a-zA-Z0-9]{9} "\\"" )?' },
  }),
  createTaggedArgumentsFormat({
    name: 'minimax',
    detect: has('<minimax:tool_call>'),
    specialTokens: 'with-tools',
    section: { open: '<minimax:tool_call>', close: '</minimax:tool_call>' },
    call: none,
    function: { open: '<invoke name="', end: '">', close: '</invoke>' },
    argument: { open: '<parameter name="', nameEnd: '">', valueOpen: '', close: '</parameter>' },
    lines: false,
  }),
  createTaggedArgumentsFormat({
    name: 'qwen3-coder',
    detect: has('<tool_call>', '<function=', '<parameter='),
    specialTokens: 'with-tools',
    section: none,
    call: { open: '<tool_call>', close: '</tool_call>' },
    function: { open: '<function=', end: '>', close: '</function>' },
    argument: { open: '<parameter=', nameEnd: '>', valueOpen: '', close: '</parameter>' },
    lines: true,
  }),
  createTaggedArgumentsFormat({
    name: 'seed',
    detect: has('<seed:tool_call>'),
    specialTokens: 'with-tools',
    section: none,
    call: { open: '<seed:tool_call>', close: '</seed:tool_call>' },
    function: { open: '<function=', end: '>', close: '</function>' },
    argument: { open: '<parameter=', nameEnd: '>', valueOpen: '', close: '</parameter>' },
    lines: false,
  }),
  createTaggedArgumentsFormat({
    name: 'glm',
    detect: has('<tool_call>', '<arg_key>', '<arg_value>'),
    specialTokens: 'with-tools',
    section: none,
    call: { open: '<tool_call>', close: '</tool_call>' },
    function: { open: '', end: '', close: '' },
    argument: { open: '<arg_key>', nameEnd: '</arg_key>', valueOpen: '<arg_value>', close: '</arg_value>' },
    lines: false,
  }),
  createGemmaCallFormat({
    name: 'gemma-4',
    detect: has('<|tool_call>', '<tool_call|>'),
    open: '<|tool_call>',
    close: '<tool_call|>',
    quote: '<|"|>',
  }),
  createGemmaCallFormat({
    name: 'function-gemma',
    detect: has('<start_function_call>'),
    open: '<start_function_call>',
    close: '<end_function_call>',
    quote: '<escape>',
  }),
  createPythonicFormat({
    name: 'lfm2',
    detect: (source) =>
      source.includes('<|tool_call_start|>') ||
      source.includes('<|tool_list_start|>') ||
      source.includes('List of tools: ['),
    open: '<|tool_call_start|>',
    close: '<|tool_call_end|>',
  }),
  createJsonCallFormat({
    name: 'phi-4',
    detect: has('<|tool_call|>', '<|/tool_call|>'),
    specialTokens: 'with-tools',
    open: ['<|tool_call|>', 'functools'],
    close: '<|/tool_call|>',
    list: true,
    keys: plainKeys,
  }),
  createJsonCallFormat({
    name: 'granite-3',
    detect: has('<|tool_call|>'),
    specialTokens: 'with-tools',
    open: ['<|tool_call|>', '<tool_call>'],
    close: '',
    list: true,
    keys: plainKeys,
  }),
  createJsonCallFormat({
    name: 'nemotron',
    detect: has('<TOOLCALL>'),
    specialTokens: 'with-tools',
    open: ['<TOOLCALL>'],
    close: '</TOOLCALL>',
    list: true,
    keys: plainKeys,
  }),
  createJsonCallFormat({
    name: 'apertus',
    detect: has('<|tools_prefix|>'),
    specialTokens: 'with-tools',
    open: ['<|tools_prefix|>'],
    close: '<|tools_suffix|>',
    list: true,
    keys: plainKeys,
    nameIsKey: true,
  }),
  createJsonCallFormat({
    name: 'gigachat',
    detect: has('<|function_call|>'),
    specialTokens: 'with-tools',
    open: ['<|function_call|>'],
    close: '',
    list: false,
    keys: plainKeys,
    parallel: false,
  }),
  createJsonCallFormat({
    name: 'apriel',
    detect: (source) => source.includes('<tool_calls>['),
    specialTokens: 'with-tools',
    open: ['<tool_calls>'],
    close: '</tool_calls>',
    list: true,
    keys: plainKeys,
  }),
  createJsonCallFormat({
    name: 'firefunction',
    detect: has(' functools['),
    specialTokens: 'never',
    open: [' functools', 'functools'],
    close: '',
    list: true,
    keys: plainKeys,
  }),
  createTaggedJsonFormat({
    name: 'functionary-3.1',
    detect: (source) => source.includes('<function=') && source.includes('</function>'),
    specialTokens: 'never',
    section: none,
    open: '<function=',
    nameEnd: ['>'],
    close: '</function>',
  }),
  llamaJsonFormat,
  createJsonCallFormat(hermes),
];

/** For models whose template says nothing of tools: told in the system message how Hermes writes calls. */
export const genericFormat: ChatFormat = createJsonCallFormat({ ...hermes, name: 'generic', detect: () => true });

/** The format that a template speaks. */
export const detectFormat = (templateSource: string): ChatFormat =>
  chatFormats.find((format) => format.detect(templateSource)) ?? genericFormat;
