/**
 * From a chat request to what the engine gets and how its answer is read: prompt, grammar, stop strings, parser.
 *
 * Pure but for the caches of templates and grammars; the clock arrives as an argument. Knows no engine.
 */
import type { EngineModelInfo, GenerateRequest, PromptParts } from '../../engine/engine.js';
import type { ChatRequest } from '../tier.js';
import { TierError } from '../tier-error.js';
import { answerGrammar } from './chat-grammar.js';
import { type ChatModel, chatModelOf } from './chat-model.js';
import { checkMessages, checkTemplateVariables, checkTools, type ToolOffer } from './check-request.js';
import { type AnswerParser, createAnswerParser } from './formats/answer-parser.js';
import type { AnswerSink } from './formats/chat-format.js';
import { parseReasoning, reasoningMarks } from './formats/reasoning.js';
import type { Parsing, TextInput } from './formats/text-input.js';
import { cutAtMarks, markControlTexts } from './template/control-texts.js';
import { templateMessages, templateTools } from './template/template-messages.js';

export interface ChatPlan {
  readonly generate: GenerateRequest;
  /** Null where every character of the answer is content. */
  readonly parser: AnswerParser | null;
}

export interface ChatPlanOptions {
  readonly info: EngineModelInfo;
  readonly now: Date;
  /** Random bytes as lower-case hex of this many characters. */
  readonly randomHex: (length: number) => string;
}

/** Throws TierError for everything that the request itself makes impossible. */
export const planChat = (request: ChatRequest, options: ChatPlanOptions): ChatPlan => {
  const { info } = options;
  checkMessages(request.messages, info.name);
  checkTemplateVariables(request.templateVariables ?? {});
  const offer = checkTools(request);
  const model = chatModelOf(info, { withTools: offer.tools.length > 0 });
  const rendered = renderPrompt(request, { model, offer, info, now: options.now });
  const prompt = typeof rendered === 'string' ? rendered : rendered.parts.join('');
  const { format, template, capabilities } = model;
  const marks = format.reasoningGrammar === undefined ? reasoningMarks(template.source, prompt) : null;
  const { constraint, callMarks } = answerGrammar({
    format,
    offer,
    parallel: request.parallelToolCalls ?? true,
    responseFormat: request.responseFormat ?? { type: 'text' },
    marks,
  });

  function* parse(input: TextInput, sink: AnswerSink): Parsing {
    if (marks !== null) yield* parseReasoning(input, sink, { marks, callMarks });
    if (offer.choice !== 'none') yield* format.parse(input, sink, { tools: offer.tools });
    else if (format.parseContent !== undefined) yield* format.parseContent(input, sink);
    else yield* passText(input, sink);
  }
  const isPlain = marks === null && offer.choice === 'none' && format.parseContent === undefined;
  const newCallId = (): string => (capabilities.shortCallIds ? options.randomHex(9) : `call_${options.randomHex(24)}`);
  // Marks of thoughts and calls are special tokens in many vocabularies and must come as text to be read.
  const rendersSpecial =
    format.specialTokens === 'always' ||
    (format.specialTokens === 'with-tools' && offer.choice !== 'none') ||
    marks !== null;
  const stop = [...(request.stop ?? []), ...model.stops];
  return {
    generate: {
      prompt: rendered,
      ...(request.sampling === undefined ? {} : { sampling: request.sampling }),
      ...(constraint === null ? {} : { grammar: constraint }),
      ...(stop.length === 0 ? {} : { stop }),
      ...(request.maxTokens === undefined ? {} : { maxTokens: request.maxTokens }),
      ...(request.logprobs === undefined ? {} : { logprobs: request.logprobs }),
      ...(rendersSpecial ? { renderSpecial: true } : {}),
      ...(request.ignoreEos === undefined ? {} : { ignoreEos: request.ignoreEos }),
      ...(request.cacheScope === undefined ? {} : { cacheScope: request.cacheScope }),
      ...(request.client === undefined ? {} : { client: request.client }),
      ...(request.deadlineMs === undefined ? {} : { deadlineMs: request.deadlineMs }),
    },
    parser: isPlain ? null : createAnswerParser(parse, { newCallId }),
  };
};

function* passText(input: TextInput, sink: AnswerSink): Parsing {
  for (;;) {
    sink.text(input.take(input.rest.length));
    if (input.ended) return;
    yield;
  }
}

interface RenderOptions {
  readonly model: ChatModel;
  readonly offer: ToolOffer;
  readonly info: EngineModelInfo;
  readonly now: Date;
}

/** What the request's own words hold of control tokens' texts stays words: it is cut there. */
const renderPrompt = (request: ChatRequest, { model, offer, info, now }: RenderOptions): string | PromptParts => {
  const { template, capabilities, format } = model;
  const tools = templateTools(offer.tools);
  const isShown = tools.length > 0 && capabilities.tools;
  const messages = templateMessages(request.messages, {
    capabilities,
    polyfills: {
      ...(tools.length > 0 && !capabilities.tools ? { toolInstructions: format.instructions(offer.tools) } : {}),
      writeCall: format.writeCall,
    },
  });
  const prompt = template.render(
    {
      ...markControlTexts({ ...request.templateVariables, messages }, info),
      tools: isShown ? markControlTexts(tools, info) : capabilities.noTools,
      bos_token: info.bosToken ?? '',
      eos_token: info.eosToken ?? '',
      add_generation_prompt: true,
    },
    now,
  );
  const { bosToken } = info;
  // The engine puts the BOS token in front of a text prompt where the vocabulary wants one: not twice.
  const text =
    info.addBos && bosToken !== null && bosToken !== '' && prompt.startsWith(bosToken)
      ? prompt.slice(bosToken.length)
      : prompt;
  if (text === '')
    throw new TierError('invalid-messages', "The model's chat template made no prompt of the messages", {
      param: 'messages',
    });
  return cutAtMarks(text);
};
