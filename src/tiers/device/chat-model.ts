/**
 * What the tier knows of a model's way to chat: its template, what the template can do, and the format of its calls.
 *
 * Found once per template and kept. Knows nothing of requests.
 */
import type { EngineModelInfo } from '../../engine/engine.js';
import type { ChatFormat } from './formats/chat-format.js';
import { detectFormat, genericFormat } from './formats/formats.js';
import { createLruCache } from './lru-cache.js';
import { type ChatTemplate, compileChatTemplate } from './template/chat-template.js';
import { defaultChatTemplate, defaultTemplateStops } from './template/default-template.js';
import { detectCapabilities, type TemplateCapabilities } from './template/template-capabilities.js';

export interface ChatModel {
  readonly template: ChatTemplate;
  readonly capabilities: TemplateCapabilities;
  readonly format: ChatFormat;
  /** Stop strings that the template needs because the vocabulary may not end there by itself. */
  readonly stops: readonly string[];
}

const models = createLruCache<ChatModel>({ maxEntries: 64, maxKeyCharacters: 2_000_000 });

/** Some files carry a template of their own for requests with tools. */
const toolTemplateKeys = ['tokenizer.chat_template.tool_use', 'tokenizer.chat_template.tool'];

/** Throws TierError `template-failed` where the file's template cannot be read. */
export const chatModelOf = (info: EngineModelInfo, options: { readonly withTools: boolean }): ChatModel => {
  const toolTemplate = toolTemplateKeys.map((key) => info.metadata[key]).find((source) => source !== undefined);
  const source = options.withTools ? (toolTemplate ?? info.chatTemplate) : info.chatTemplate;
  return models.getOrCreate(source ?? '', () => createChatModel(source));
};

const createChatModel = (source: string | null): ChatModel => {
  if (source === null) {
    const template = compileChatTemplate(defaultChatTemplate);
    const capabilities = detectCapabilities(template);
    return { template, capabilities, format: genericFormat, stops: defaultTemplateStops };
  }
  const template = compileChatTemplate(source);
  const capabilities = detectCapabilities(template);
  const format = detectFormat(source);
  if (format !== genericFormat) return { template, capabilities, format, stops: [] };
  // A template may show tools in a way of its own; what is not known cannot be read back, so it is told ours instead.
  const unknown = { ...capabilities, tools: false, toolCalls: false, toolResponses: false, parallelCalls: true };
  return { template, capabilities: unknown, format, stops: [] };
};
