/**
 * The grammar of calls whose arguments stand between marks: names as the schema has them, text up to the closing mark,
 * JSON by schema for all else.
 */
import type { JsonSchema } from '../../tier.js';
import { type GrammarRules, literal } from '../grammar/gbnf.js';
import { schemaRule } from '../grammar/json-schema-grammar.js';
import { spaceRule, textsRule, valueRule } from '../grammar/json-values.js';
import { untilRule } from '../grammar/until.js';
import type { CallGrammar, CallGrammarRequest, FormatTool } from './chat-format.js';
import type { TaggedArgumentsSpec } from './tagged-arguments-spec.js';
import { parametersOf, takesText } from './tool-parameters.js';

export const taggedCallGrammar = (spec: TaggedArgumentsSpec, request: CallGrammarRequest): CallGrammar => {
  const { rules, tools } = request;
  const ws = spaceRule(rules);
  const { open: callOpen, close: callClose } = spec.call;
  const bodies = tools.map((tool) => {
    const head = literal(spec.function.open + tool.name + spec.function.end);
    const close = spec.function.close === '' ? '' : ` ${ws} ${literal(spec.function.close)}`;
    return `${head} ${argumentsRule(spec, rules, tool)}${close}`;
  });
  const body = rules.add('call-body', bodies.join(' | '));
  const between = spec.function.open === '' ? '' : `${ws} `;
  const call = rules.add(
    'call',
    callOpen === '' ? body : `${literal(callOpen)} ${between}${body} ${ws} ${literal(callClose)}`,
  );
  const more = request.parallel ? ` ( ${ws} ${call} )*` : '';
  const { open, close } = spec.section;
  const calls = open === '' ? `${call}${more}` : `${literal(open)} ${ws} ${call}${more} ${ws} ${literal(close)}`;
  const trigger = [open, callOpen, spec.function.open].find((mark) => mark !== '') ?? '';
  return { calls: rules.add('calls', calls), triggers: [trigger] };
};

/** The arguments in the schema's order, those not required left out or not. */
const argumentsRule = (spec: TaggedArgumentsSpec, rules: GrammarRules, tool: FormatTool): string => {
  const ws = spaceRule(rules);
  const required = new Set(Array.isArray(tool.parameters.required) ? tool.parameters.required : []);
  const written = [...parametersOf(tool.parameters)].map(([name, schema]) => {
    const { open, nameEnd, valueOpen, close } = spec.argument;
    const kind = takesText(schema);
    const head = (isText: boolean): string => literal(open + name + (spec.attribute?.(isText) ?? '') + nameEnd);
    const space = valueOpen === '' ? '' : ` ${ws} ${literal(valueOpen)}`;
    const asText = `${head(true)}${space} ${textValue(spec, rules, { name, schema })}`;
    const asJson = `${head(false)}${space} ${ws} ${jsonValue(rules, tool, { name, schema })} ${ws} ${literal(close)}`;
    const value = kind === 'only' || kind === 'also' ? asText : asJson;
    return { member: rules.add(`${tool.name}-${name}`, `${ws} ${value}`), optional: !required.has(name) };
  });
  const members = written.map(({ member, optional }) => (optional ? `${member}?` : member));
  return members.length === 0 ? ws : rules.add(`${tool.name}-arguments`, members.join(' '));
};

interface Parameter {
  readonly name: string;
  readonly schema: JsonSchema;
}

const textValue = (spec: TaggedArgumentsSpec, rules: GrammarRules, { name, schema }: Parameter): string => {
  const line = spec.lines ? '"\\n" ' : '';
  const end = `${spec.lines ? '\n' : ''}${spec.argument.close}`;
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const === undefined ? null : [schema.const];
  const texts = values?.filter((value): value is string => typeof value === 'string') ?? [];
  if (texts.length > 0) return `${line}${textsRule(rules, texts, `${name}-text`)} ${literal(end)}`;
  return `${line}${untilRule(rules, end)}`;
};

const jsonValue = (rules: GrammarRules, tool: FormatTool, { name, schema }: Parameter): string => {
  try {
    // References point into the schema that the argument was taken from.
    const { $defs, definitions } = tool.parameters;
    const whole = {
      ...schema,
      ...($defs === undefined ? {} : { $defs }),
      ...(definitions === undefined ? {} : { definitions }),
    };
    return schemaRule(rules, whole, { unsupported: 'ignore', name: `${tool.name}-${name}-value` });
  } catch {
    return valueRule(rules);
  }
};
