/**
 * A chat with the embedded model: its last user message becomes a call of an on-device tool or a hand-over.
 *
 * First one token is asked for, to see how likely each kind of request is; then, for a tool with arguments, its
 * arguments are decoded greedily, under a grammar of what the person's words allow. The model writes no prose: all else
 * is an overflow with empty content.
 */
import type { CallOptions, Engine, GenerateRequest, GenerateTimings, GenerateUsage } from '../../../engine/engine.js';
import { normalizeWithOffsets } from '../../../models/normalize-text.js';
import { type Decision, decideKind } from '../../../models/pocket-decision.js';
import type { ChatEvent, ChatRequest, ToolDefinition } from '../../tier.js';
import { TierError } from '../../tier-error.js';
import { checkMessages, checkTools } from '../check-request.js';
import { textOf } from '../template/template-messages.js';
import { argumentsGrammar } from './arguments-grammar.js';
import { argumentSchema, asSaid, convertValue, splitArguments } from './pocket-arguments.js';
import { type PocketModel, pocketModelOf } from './pocket-model.js';

export interface RunPocketOptions extends CallOptions {
  readonly newCallId: () => string;
}

/** Room that the kind and the arguments of a call may take in the context. */
const answerTokens = 96;

/** Leaving the iterator early cancels what runs in the engine. */
export async function* runPocket(
  engine: Engine,
  request: ChatRequest,
  options: RunPocketOptions,
): AsyncGenerator<ChatEvent> {
  const model = pocketModelOf(engine.info);
  checkMessages(request.messages, engine.info.name);
  const offer = offeredTools(request, model, engine.info.name);
  const last = request.messages.at(-1)!;
  const original = last.role === 'user' ? textOf(last.content) : '';
  const { contextLength } = engine.info;
  // No token of the model is longer than a few dozen characters: such a text cannot fit, and need not be tokenized.
  const isHopeless = original.length > contextLength * 64;
  const normalized = normalizeWithOffsets(isHopeless ? '' : original);
  if (offer.tools.length === 0 || normalized.text === '') {
    yield* handOver({ promptTokens: 0, confidence: 1 });
    return;
  }
  const words = await engine.tokenize(model.prompt.prefix + normalized.text, {
    addSpecial: false,
    parseSpecial: false,
  });
  const prompt = [...model.prompt.before, ...words, ...model.prompt.after];
  if (prompt.length + answerTokens > contextLength) {
    yield* handOver({ promptTokens: prompt.length, confidence: 1 });
    return;
  }

  const shared = {
    sampling: { temperature: 0 },
    ...(request.cacheScope === undefined ? {} : { cacheScope: request.cacheScope }),
    ...(request.client === undefined ? {} : { client: request.client }),
    ...(request.deadlineMs === undefined ? {} : { deadlineMs: request.deadlineMs }),
  } satisfies Partial<GenerateRequest>;
  const first = await collect(
    engine,
    { ...shared, prompt, maxTokens: 1, firstTokenLogprobsOf: model.kinds.map((kind) => kind.token) },
    options,
  );
  if (first.kindLogprobs === null)
    throw new TierError('unsupported', `Model ${engine.info.name} gave no probabilities of its kinds of requests`);
  const { usage, timings } = first;
  yield { type: 'start', promptTokens: usage.promptTokens, cachedTokens: usage.cachedTokens };
  const decision = decideKind(first.kindLogprobs, model.kinds, {
    calibration: model.calibration,
    offered: new Set(offer.tools.map((tool) => tool.name)),
    forced: offer.isForced,
  });
  const tool = offer.tools.find(({ name }) => name === decision.tool);
  if (tool === undefined) {
    yield { type: 'end', reason: 'stop', usage, timings, overflow: true, confidence: decision.confidence };
    return;
  }
  yield { type: 'tool-call', index: 0, id: options.newCallId(), name: tool.name, argumentsDelta: '' };
  const names = wantedArguments(tool, model);
  if (names.length === 0) {
    yield { type: 'tool-call', index: 0, argumentsDelta: '{}' };
    yield end({ decision, usage, timings, isCut: false });
    return;
  }
  const second = await collect(
    engine,
    {
      ...shared,
      prompt: [...prompt, model.kinds[decision.kindIndex]!.token],
      maxTokens: Math.min(request.maxTokens ?? answerTokens, answerTokens - 1),
      renderSpecial: true,
      grammar: {
        gbnf: argumentsGrammar(normalized.text, {
          tool: tool.name,
          arguments: names.map((name) => ({ name, token: model.argumentTokens.get(name)! })),
          endToken: model.endToken,
          prefix: model.prompt.prefix,
        }),
      },
      sampling: { temperature: 0, logitBias: forbidden(model, names) },
    },
    options,
  );
  const decoded = splitArguments(second.tokens, model);
  const texts = await Promise.all(decoded.map((argument) => engine.detokenize(argument.tokens)));
  const values: Record<string, unknown> = {};
  decoded.forEach(({ name }, index) => {
    const value = texts[index]!.trim();
    const schema = argumentSchema(tool.parameters, name);
    if (schema === undefined || value === '') return;
    const converted = convertValue(asSaid(value, { name, original, normalized }), schema);
    if (converted !== undefined) values[name] = converted;
  });
  yield { type: 'tool-call', index: 0, argumentsDelta: JSON.stringify(values) };
  yield end({
    decision,
    isCut: second.isCut && request.maxTokens !== undefined && request.maxTokens < answerTokens,
    usage: { ...usage, completionTokens: usage.completionTokens + second.usage.completionTokens },
    timings: { ...timings, totalMs: timings.totalMs + second.timings.totalMs },
  });
}

interface PocketOffer {
  readonly tools: readonly ToolDefinition[];
  readonly isForced: boolean;
}

/** The tools offered that the model knows; its own where the request has none. */
const offeredTools = (request: ChatRequest, model: PocketModel, modelName: string): PocketOffer => {
  const isDefault = request.tools === undefined || request.tools.length === 0;
  const offer = checkTools(isDefault ? { ...request, tools: model.tools } : request);
  const known = new Set(model.tools.map((tool) => tool.name));
  const tools = offer.callable.filter((tool) => known.has(tool.name));
  if (offer.choice === 'required' && tools.length === 0)
    throw new TierError(
      'invalid-tools',
      `Model ${modelName} can call its own ${known.size} tools only; none of them is offered to be called`,
      { param: 'tools' },
    );
  const isText = (request.responseFormat?.type ?? 'text') === 'text';
  return { tools: isText || offer.choice === 'required' ? tools : [], isForced: offer.choice === 'required' };
};

/** Arguments that the model was taught for the tool and that the offered one takes. */
const wantedArguments = (tool: ToolDefinition, model: PocketModel): string[] => {
  const own = model.tools.find(({ name }) => name === tool.name)?.parameters?.properties;
  return Object.keys((own as Record<string, unknown> | undefined) ?? {}).filter(
    (name) => model.argumentTokens.has(name) && argumentSchema(tool.parameters, name) !== undefined,
  );
};

/** Control tokens that have no place in the arguments of this tool. */
const forbidden = (model: PocketModel, names: readonly string[]): [token: number, bias: number][] => {
  const wanted = new Set(names);
  const others = [...model.argumentTokens].filter(([name]) => !wanted.has(name)).map(([, token]) => token);
  const kinds = model.kinds.map((kind) => kind.token);
  const frame = [...model.prompt.before, ...model.prompt.after].filter((token) => token !== model.endToken);
  return [...new Set([...others, ...kinds, ...frame])].map((token) => [token, Number.NEGATIVE_INFINITY]);
};

interface Collected {
  readonly tokens: readonly number[];
  readonly kindLogprobs: readonly number[] | null;
  readonly usage: GenerateUsage;
  readonly timings: GenerateTimings;
  readonly isCut: boolean;
}

/** Runs a request to its end. */
const collect = async (engine: Engine, request: GenerateRequest, options: CallOptions): Promise<Collected> => {
  const tokens: number[] = [];
  let kindLogprobs: readonly number[] | null = null;
  for await (const event of engine.generate(request, options.signal === undefined ? {} : { signal: options.signal })) {
    if (event.type === 'first-token-logprobs') kindLogprobs = event.logprobs;
    if (event.type === 'text') tokens.push(...event.tokens);
    if (event.type === 'end')
      return { tokens, kindLogprobs, usage: event.usage, timings: event.timings, isCut: event.reason === 'length' };
  }
  throw new TierError('unsupported', `The engine of model ${engine.info.name} ended an answer without saying so`);
};

const end = (outcome: {
  readonly decision: Decision;
  readonly usage: GenerateUsage;
  readonly timings: GenerateTimings;
  readonly isCut: boolean;
}): ChatEvent => ({
  type: 'end',
  reason: outcome.isCut ? 'length' : 'tool-calls',
  usage: outcome.usage,
  timings: outcome.timings,
  overflow: false,
  confidence: outcome.decision.confidence,
});

/** A hand-over that needed no engine. */
function* handOver(options: { readonly promptTokens: number; readonly confidence: number }): Generator<ChatEvent> {
  const { promptTokens, confidence } = options;
  yield { type: 'start', promptTokens, cachedTokens: 0 };
  yield {
    type: 'end',
    reason: 'stop',
    usage: { promptTokens, cachedTokens: 0, completionTokens: 0 },
    timings: { queueMs: 0, ttftMs: 0, totalMs: 0 },
    overflow: true,
    confidence,
  };
}
