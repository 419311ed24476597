/**
 * The third parties that there is a way to, by the kind of their API: base address and codec. The codec knows the header
 * of the credential and the version of the API.
 */
import { createAnthropicCodec } from '../remote/anthropic/anthropic-codec.js';
import { createGeminiCodec } from '../remote/gemini/gemini-codec.js';
import {
  createCompatibleCodec,
  createMistralCodec,
  createOpenAiCodec,
  createOpenRouterCodec,
} from '../remote/openai/openai-codec.js';
import type { WireCodec } from '../remote/wire-codec.js';

export interface ProviderEntry {
  /** Null: it must be configured. */
  readonly baseUrl: string | null;
  readonly createCodec: () => WireCodec;
}

export const providerTable = {
  openai: { baseUrl: 'https://api.openai.com/v1', createCodec: createOpenAiCodec },
  anthropic: { baseUrl: 'https://api.anthropic.com/v1', createCodec: createAnthropicCodec },
  gemini: { baseUrl: 'https://generativelanguage.googleapis.com/v1beta', createCodec: createGeminiCodec },
  mistral: { baseUrl: 'https://api.mistral.ai/v1', createCodec: createMistralCodec },
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', createCodec: createOpenRouterCodec },
  'openai-compatible': { baseUrl: null, createCodec: () => createCompatibleCodec('other') },
} as const satisfies Readonly<Record<string, ProviderEntry>>;

export type ProviderKind = keyof typeof providerTable;

export const isProviderKind = (kind: string): kind is ProviderKind => Object.hasOwn(providerTable, kind);
