/**
 * The metadata that make a GGUF a pocket model: which tokens are kinds and arguments, the tools, the calibration.
 *
 * Written here, read by the device tier; every structured value is JSON text. Knows no weights.
 */
import type { Calibration } from '../../models/pocket-decision.js';
import { type GgufValue, text } from '../gguf-writer.js';
import { vocabularyMetadata } from '../tokenizer.js';
import { type PocketLayout, textPrefix } from './token-layout.js';
import { toolDefinitions } from './tool-definitions.js';

/** The prompt for other runtimes of llama.cpp, which know chat templates only. */
const chatTemplate = `{{- '${textPrefix}' + (messages[-1]['content'] | lower | trim) + '<|pocket:call|>' -}}`;

export const pocketMetadata = (layout: PocketLayout, calibration: Calibration): Record<string, GgufValue> => ({
  ...vocabularyMetadata(layout),
  'tokenizer.chat_template': text(chatTemplate),
  'spillway.pocket.version': text('1'),
  'spillway.pocket.tools': text(JSON.stringify(toolDefinitions)),
  'spillway.pocket.kinds': text(JSON.stringify(layout.kinds.map(({ name, tool, token }) => [name, tool, token]))),
  'spillway.pocket.arguments': text(JSON.stringify(Object.fromEntries(layout.argumentTokens))),
  'spillway.pocket.end': text(JSON.stringify(layout.end)),
  'spillway.pocket.prompt': text(JSON.stringify({ before: [layout.start], prefix: textPrefix, after: [layout.call] })),
  'spillway.pocket.calibration': text(JSON.stringify(calibration)),
});
