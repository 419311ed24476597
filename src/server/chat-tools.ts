/**
 * Tools, tool choice and response format from the wire to the tier's words; both wire formats (nested in chat
 * completions, flat in responses) are brought to the flat one first. Knows no model and no template.
 */
import type { ResponseFormat, ToolChoice, ToolDefinition } from '../tiers/tier.js';
import { compact } from './compact.js';
import { invalidParameter } from './server-error.js';

/** A function tool as responses write it. */
export interface FlatTool {
  readonly name: string;
  readonly description?: string | null;
  readonly parameters?: Readonly<Record<string, unknown>> | null;
}

export type FlatToolChoice =
  | 'auto'
  | 'required'
  | 'none'
  | { readonly name: string }
  | { readonly mode: 'auto' | 'required'; readonly allowed: readonly string[] };

export interface ToolSettings {
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
}

const definitionOf = (tool: FlatTool): ToolDefinition => ({
  name: tool.name,
  ...compact({ description: tool.description ?? undefined, parameters: tool.parameters ?? undefined }),
});

const requireKnown = (name: string, tools: readonly FlatTool[], param: string): void => {
  if (tools.some((tool) => tool.name === name)) return;
  throw invalidParameter(
    param,
    `Invalid '${param}': the tool '${name.slice(0, 100)}' is not among 'tools'. These are: ${
      tools
        .slice(0, 20)
        .map((tool) => `'${tool.name}'`)
        .join(', ') || 'none'
    }.`,
  );
};

/**
 * Checks names and choice against each other. A choice by name without `tools` is left to the tier, whose model may
 * bring tools of its own. `nameParam` names the field of tool number i in errors.
 */
export const toolSettingsOf = (
  wire: { readonly tools?: readonly FlatTool[] | undefined; readonly choice?: FlatToolChoice | undefined },
  nameParam: (index: number) => string,
): ToolSettings => {
  const { tools, choice } = wire;
  const seen = new Set<string>();
  for (const [index, tool] of (tools ?? []).entries()) {
    if (seen.has(tool.name))
      throw invalidParameter(
        nameParam(index),
        `Invalid '${nameParam(index)}': the tool name '${tool.name}' is used twice. Names must differ.`,
      );
    seen.add(tool.name);
  }
  const definitions = tools?.map(definitionOf);
  if (choice === undefined) return compact({ tools: definitions });
  if (typeof choice === 'string') {
    if (choice === 'required' && tools?.length === 0)
      throw invalidParameter('tool_choice', "Invalid 'tool_choice': 'required' needs at least one of 'tools'.");
    return compact({ tools: definitions, toolChoice: choice });
  }
  if ('name' in choice) {
    if (tools !== undefined) requireKnown(choice.name, tools, 'tool_choice');
    return compact({ tools: definitions, toolChoice: { name: choice.name } });
  }
  if (tools === undefined)
    throw invalidParameter('tool_choice', "Invalid 'tool_choice': 'allowed_tools' needs the request to carry 'tools'.");
  for (const name of choice.allowed) requireKnown(name, tools, 'tool_choice');
  return compact({
    tools: definitions?.filter((tool) => choice.allowed.includes(tool.name)),
    toolChoice: choice.mode,
  });
};

/** A response format, flat; without a schema, json_schema means any JSON object. */
export const responseFormatOf = (
  format:
    | { readonly type: 'text' }
    | { readonly type: 'json_object'; readonly schema?: Readonly<Record<string, unknown>> | null }
    | {
        readonly type: 'json_schema';
        readonly name: string;
        readonly schema?: Readonly<Record<string, unknown>> | null;
      },
): ResponseFormat => {
  if (format.type === 'text') return { type: 'text' };
  const schema = format.schema ?? null;
  if (schema === null) return { type: 'json-object' };
  return { type: 'json-schema', name: format.type === 'json_schema' ? format.name : 'response', schema };
};
