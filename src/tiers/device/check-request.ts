/**
 * Checks what a chat request brings before anything is rendered: messages, tools, tool choice, template variables.
 *
 * Each refusal names the field in OpenAI's terms. Order of roles is left to the templates, which differ in it.
 */
import type { ChatMessage, ChatRequest, ToolChoice, ToolDefinition } from '../tier.js';
import { TierError } from '../tier-error.js';
import { openSchemaDocument } from './grammar/schema-document.js';
import { reservedVariables } from './template/chat-template.js';

const maxTools = 1024;
const toolNamePattern = /^[A-Za-z0-9_.:/-]{1,128}$/;
const maxVariableDepth = 32;

export const checkMessages = (messages: readonly ChatMessage[], modelName: string): void => {
  if (messages.length === 0)
    throw new TierError('invalid-messages', 'The list of messages is empty; a chat needs at least one', {
      param: 'messages',
    });
  messages.forEach((message, index) => {
    if (message.role === 'tool' && message.toolCallId === '')
      throw new TierError('invalid-messages', 'A tool message must name the call that it answers', {
        param: `messages[${index}].tool_call_id`,
      });
    if (message.content === null || typeof message.content === 'string') return;
    message.content.forEach((part, partIndex) => {
      if (part.type !== 'text')
        throw new TierError(
          'unsupported-content',
          `Model ${modelName} reads text only; a message holds content of type ${part.type}`,
          { param: `messages[${index}].content[${partIndex}]` },
        );
    });
  });
};

/** The tools to offer and how: none where the choice says so, one where it names one. */
export interface ToolOffer {
  /** Shown to the model. */
  readonly tools: readonly ToolDefinition[];
  /** May be called. */
  readonly callable: readonly ToolDefinition[];
  readonly choice: 'none' | 'auto' | 'required';
}

export const checkTools = (request: ChatRequest): ToolOffer => {
  const tools = request.tools ?? [];
  const choice: ToolChoice = request.toolChoice ?? 'auto';
  if (tools.length > maxTools)
    throw new TierError('invalid-tools', `The request offers ${tools.length} tools; the limit is ${maxTools}`, {
      param: 'tools',
    });
  const names = new Set<string>();
  tools.forEach((tool, index) => {
    if (!toolNamePattern.test(tool.name))
      throw new TierError(
        'invalid-tools',
        `The tool name ${JSON.stringify(tool.name.slice(0, 64))} is not 1 to 128 letters, digits, _ . : / or -`,
        { param: `tools[${index}].function.name` },
      );
    if (names.has(tool.name))
      throw new TierError('invalid-tools', `Two tools are named ${tool.name}`, {
        param: `tools[${index}].function.name`,
      });
    names.add(tool.name);
    checkParameters(tool, index);
  });
  if (choice === 'none' || tools.length === 0) {
    if (choice === 'required' || typeof choice === 'object')
      throw new TierError('invalid-tools', 'The tool choice asks for a call, but no tools are offered', {
        param: 'tool_choice',
      });
    return { tools: [], callable: [], choice: 'none' };
  }
  if (typeof choice === 'string') return { tools, callable: tools, choice };
  const callable = tools.filter((tool) => tool.name === choice.name);
  if (callable.length === 0)
    throw new TierError('invalid-tools', `The tool choice names ${choice.name.slice(0, 64)}, which is not offered`, {
      param: 'tool_choice',
    });
  return { tools, callable, choice: 'required' };
};

const checkParameters = (tool: ToolDefinition, index: number): void => {
  const param = `tools[${index}].function.parameters`;
  if (tool.parameters === undefined) return;
  try {
    openSchemaDocument(tool.parameters);
  } catch (error) {
    if (!(error instanceof TierError)) throw error;
    throw new TierError('invalid-tools', `Cannot offer the tool ${tool.name}: ${error.message}`, {
      cause: error,
      param,
    });
  }
  const { type } = tool.parameters;
  if (type !== undefined && type !== 'object')
    throw new TierError(
      'invalid-tools',
      `The parameters of tool ${tool.name} must be a schema of type object, not ${JSON.stringify(type)}`,
      { param },
    );
};

export const checkTemplateVariables = (variables: Readonly<Record<string, unknown>>): void => {
  const param = 'chat_template_kwargs';
  for (const name of Object.keys(variables))
    if (reservedVariables.has(name))
      throw new TierError('unsupported', `The template variable ${name} is set by the server`, { param });
  const depthOf = (value: unknown, depth: number): number => {
    if (depth > maxVariableDepth || typeof value !== 'object' || value === null) return depth;
    return Math.max(depth, ...Object.values(value).map((item) => depthOf(item, depth + 1)));
  };
  if (depthOf(variables, 0) > maxVariableDepth)
    throw new TierError('unsupported', `The template variables nest deeper than ${maxVariableDepth} levels`, { param });
};
