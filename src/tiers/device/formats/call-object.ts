/**
 * A call written as a JSON object, `{"name": …, "arguments": {…}}` and its many spellings: reading it and its grammar.
 *
 * Knows the object, not what stands around it.
 */
import { literal } from '../grammar/gbnf.js';
import { spaceRule } from '../grammar/json-values.js';
import type { AnswerSink, CallGrammarRequest, CallSink } from './chat-format.js';
import { copyJsonValue, type MemberReader, parseJson, readJsonObject, readJsonText } from './json-input.js';
import { nextIn, type Parsing, type TextInput } from './text-input.js';

export interface CallKeys {
  readonly name: string;
  readonly arguments: string;
}

const nameKeys = new Set(['name', 'tool_name', 'function_name']);
const argumentKeys = new Set(['arguments', 'parameters', 'args']);

export interface ReadCallOptions {
  readonly sink: AnswerSink;
  /** Whether there may be a call of this name; refusing ends the reading. */
  readonly accept: (name: string) => boolean;
  /** The object is `{"<name>": {<arguments>}}`. */
  readonly nameIsKey?: boolean;
  /** Give up at the first key that calls do not have, so that other JSON is passed on early. */
  readonly strict?: boolean;
}

const otherKeys = new Set(['type', 'id', 'tool_call_id', 'call_id']);

/** Reads one call; false where the object is none, so that what was taken is to be given back as text. */
export function* readCallObject(input: TextInput, options: ReadCallOptions): Parsing<boolean> {
  const { sink, accept } = options;
  let call: CallSink | null = null;
  let waiting: string | null = null;
  let hasArguments = false;

  const begin = (name: string): boolean => {
    if (!accept(name)) return false;
    call = sink.call(name);
    if (waiting !== null) call.append(waiting);
    waiting = null;
    return true;
  };
  const add = (json: string): void => {
    if (call !== null) call.append(json);
    else waiting = (waiting ?? '') + json;
  };
  function* readArguments(): Parsing<boolean> {
    hasArguments = true;
    if (nextIn(input) !== '"') return yield* copyJsonValue(input, add);
    // Some models write the arguments as a JSON text inside a string.
    const text = yield* readJsonText(input);
    const inner = text === null ? undefined : parseJson(text);
    add(typeof inner === 'string' ? inner : (text ?? ''));
    return text !== null;
  }
  const readMember: MemberReader = function* (key) {
    if (options.nameIsKey === true) return call === null && begin(key) && (yield* readArguments());
    if (key === 'function' && nextIn(input) === '{') return yield* readJsonObject(input, readMember);
    if (argumentKeys.has(key)) return yield* readArguments();
    if (options.strict === true && call === null && !nameKeys.has(key) && !otherKeys.has(key) && key !== 'function')
      return false;
    const value = yield* readJsonText(input);
    if (value === null) return false;
    if (!nameKeys.has(key) && key !== 'function') return true;
    const name = parseJson(value);
    return call !== null || (typeof name === 'string' && begin(name));
  };
  const whole = yield* readJsonObject(input, readMember);
  if (call === null) return false;
  if (whole && !hasArguments) (call as CallSink).append('{}');
  return true;
}

/** GBNF of one call of any of the tools; `extra` are members before and after, as GBNF with their commas. */
export const callObjectRule = (
  request: CallGrammarRequest,
  keys: CallKeys,
  extra: { readonly before?: string; readonly after?: string } = {},
): string => {
  const { rules, tools } = request;
  const ws = spaceRule(rules);
  const key = (name: string): string => `${literal(JSON.stringify(name))} ${ws} ":" ${ws}`;
  const bodies = tools.map(
    (tool) =>
      `${key(keys.name)} ${literal(JSON.stringify(tool.name))} ${ws} "," ${ws} ${key(keys.arguments)} ${tool.argumentsRule()}`,
  );
  const body = rules.add('call-body', bodies.join(' | '));
  const before = extra.before === undefined ? '' : ` ${extra.before}`;
  const after = extra.after === undefined ? '' : ` ${extra.after}`;
  return rules.add('call', `"{" ${ws}${before} ${body}${after} ${ws} "}"`);
};
