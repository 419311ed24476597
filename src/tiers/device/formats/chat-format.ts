/**
 * The contract of a chat format: how a family of models writes tool calls, as a grammar to enforce and a parser to read.
 *
 * One file per family implements it; detect-format.ts picks one by the template's text. Formats know tools and text, not
 * engines or requests.
 */
import type { JsonSchema, ToolCall, ToolDefinition } from '../../tier.js';
import type { GrammarRules } from '../grammar/gbnf.js';
import type { Parsing, TextInput } from './text-input.js';

/** A tool as a grammar needs it. */
export interface FormatTool {
  readonly name: string;
  /** The schema of its arguments; an object without properties where none was given. */
  readonly parameters: JsonSchema;
  /** Adds the rule of its arguments as JSON (once) and returns its name. */
  argumentsRule(): string;
}

export interface CallGrammarRequest {
  readonly rules: GrammarRules;
  readonly tools: readonly FormatTool[];
  /** Several calls may follow each other. */
  readonly parallel: boolean;
}

export interface CallGrammar {
  /** GBNF of one call (or more), from the first character of its marker to the end of the answer. */
  readonly calls: string;
  /** Texts at which the grammar wakes where the model is free to call or not; each begins `calls`. */
  readonly triggers: readonly string[];
}

/** A call that is being read. */
export interface CallSink {
  /** The next piece of the arguments' JSON text. */
  append(json: string): void;
}

/** Where a parser puts what it reads. */
export interface AnswerSink {
  text(text: string): void;
  reasoning(text: string): void;
  /** Begins a call; `id` where the model gave one that must be kept. */
  call(name: string, id?: string): CallSink;
}

export interface ParseContext {
  readonly tools: readonly ToolDefinition[];
}

export interface ChatFormat {
  readonly name: string;
  /** True where a template of this source speaks the format. */
  detect(templateSource: string): boolean;
  /** Its marks are special tokens, which must come as text: always, only while tools are offered, or never. */
  readonly specialTokens: 'always' | 'with-tools' | 'never';
  /** The model can write several calls in one answer. */
  readonly parallel: boolean;
  callGrammar(request: CallGrammarRequest): CallGrammar;
  /** Around content that a grammar enforces, where the format marks content; returns GBNF. */
  wrapContent?(rules: GrammarRules, content: string): string;
  /** GBNF of what the model may think before, where the format has its own way; null: it does not think. */
  reasoningGrammar?(rules: GrammarRules): string | null;
  /** Reads an answer to its end. */
  parse(input: TextInput, sink: AnswerSink, context: ParseContext): Parsing;
  /** Reads the marks of content where no tools are offered; absent: all text is content. */
  parseContent?(input: TextInput, sink: AnswerSink): Parsing;
  /** Said in the system message where the template itself cannot show tools. */
  instructions(tools: readonly ToolDefinition[]): string;
  /** A call as the model writes it, for templates that cannot show past calls. */
  writeCall(call: ToolCall): string;
}

/** The tools as JSON lines, as most models were taught to read them. */
export const toolLines = (tools: readonly ToolDefinition[]): string =>
  tools
    .map((tool) =>
      JSON.stringify({
        type: 'function',
        function: {
          name: tool.name,
          description: tool.description ?? '',
          parameters: tool.parameters ?? { type: 'object', properties: {} },
        },
      }),
    )
    .join('\n');
