/** `spillway route explain "PROMPT"`: what would become of a request. Runs nothing, reserves nothing, sends nothing. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { SpillwayConfig } from '../config/config.js';
import type { Explanation } from '../gateway/explain.js';
import type { BudgetState, Ledger } from '../ledger/ledger.js';
import { autoName } from '../route/match-name.js';
import type { ChatRequest, RoutingOptions, ToolDefinition } from '../tiers/tier.js';
import { addEngineFlags, decimalNumber } from './engine-options.js';
import { chooseModels, deviceOf, type ServiceFlags } from './open-service.js';
import { addPromptFlags, addReachFlags, type PromptFlags, promptOf, readPrompt, routingOf } from './request-flags.js';
import { print, printJson, textFor, warn } from './terminal.js';

interface ExplainFlags extends ServiceFlags, PromptFlags {
  readonly key?: string;
  readonly ttftMs?: number;
  readonly tpotMs?: number;
  readonly tools?: string;
  readonly showBytes?: boolean;
  readonly json?: boolean;
}

/** A list of tools as OpenAI's API takes it. */
const readTools = async (path: string, command: Command): Promise<readonly ToolDefinition[]> => {
  const [{ createSchemaCheck }, { ChatBodySchema }, { chatRequestsOf }] = await Promise.all([
    import('../server/check-schema.js'),
    import('../server/schemas/chat.js'),
    import('../server/chat-request.js'),
  ]);
  let tools: unknown;
  try {
    tools = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    command.error(`error: cannot read tools from ${path}: ${(error as Error).message}`);
  }
  const body = createSchemaCheck(ChatBodySchema)({ messages: [{ role: 'user', content: '' }], tools });
  const [request] = chatRequestsOf(body, { model: autoName, caller: { client: '' }, deadlineMs: 0 });
  return request?.tools ?? [];
};

/** Who asks, and the budgets that hold. */
interface Standing {
  readonly key: RoutingOptions['key'];
  readonly budgets: readonly BudgetState[];
}

const readStanding = async (
  ledger: Ledger,
  { config, keyName }: { readonly config: SpillwayConfig; readonly keyName: string | undefined },
): Promise<Standing> => {
  const [{ explainedBudgets }, { findKey }] = await Promise.all([
    import('./explained-budgets.js'),
    import('./ledger-flags.js'),
  ]);
  const keys = await ledger.listKeys();
  const key = keyName === undefined ? undefined : findKey(keys, keyName);
  return { key, budgets: await explainedBudgets(ledger, { config, keys, nowMs: Date.now() }) };
};

/** As `GET /v1/routes/{id}` says it, with what a request that has not run can tell besides. */
const explanationBody = async ({ route, sendings }: Explanation) => {
  const { planBody } = await import('../server/route-body.js');
  const { steps, passed_over, ...head } = planBody(route);
  const { needs, budgetLeftNanoUsd } = route.request;
  const outgoingOf = (index: number): object => {
    const sending = sendings.find(({ candidate }) => candidate.id === route.steps[index]?.candidate.id);
    if (sending === undefined) return {};
    const { outgoing, fault } = sending;
    if (outgoing === null) return { outgoing: null, outgoing_fault: fault };
    const { method, url, contentHash, redactions } = outgoing;
    const body = new TextDecoder().decode(outgoing.body);
    return { outgoing: { method, url, body, content_sha256: contentHash, redactions } };
  };
  return {
    ...head,
    prompt_tokens: needs.promptTokens,
    max_tokens: needs.maxTokens,
    budget_left_usd: budgetLeftNanoUsd === null ? null : budgetLeftNanoUsd / 1e9,
    steps: steps.map((step, index) => ({ ...step, ...outgoingOf(index) })),
    passed_over,
  };
};

const explain = async (prompt: string, flags: ExplainFlags, command: Command): Promise<void> => {
  const [{ connectGateway, openConfiguredLedger }, { findConfig }, { resolveConfig }, { formatRoute }] =
    await Promise.all([
      import('./open-gateway.js'),
      import('./find-config.js'),
      import('../config/resolve-config.js'),
      import('./format-route.js'),
    ]);
  const words = await readPrompt(prompt, command);
  const tools = flags.tools === undefined ? undefined : await readTools(flags.tools, command);
  const found = await findConfig(flags.config, warn);
  if (found === null && flags.key !== undefined)
    command.error('error: --key means nothing here: without a configuration no keys are asked for');
  const config = found ?? resolveConfig({});
  const chosen = chooseModels(config, flags.model ?? autoName);
  const device = deviceOf(chosen, { parallel: 1, ...flags });
  // Without a configuration nothing is booked, and there is no ledger to ask.
  const ledger = found === null ? null : await openConfiguredLedger(found);
  const gateway = connectGateway(config, { device, ledger, budgets: null, warn });
  try {
    const standing: Standing =
      ledger === null ? { key: undefined, budgets: [] } : await readStanding(ledger, { config, keyName: flags.key });
    const { key, budgets } = standing;
    const targets = {
      ...(flags.ttftMs === undefined ? {} : { ttftMs: flags.ttftMs }),
      ...(flags.tpotMs === undefined ? {} : { tpotMs: flags.tpotMs }),
    };
    const request: ChatRequest = {
      model: chosen.model,
      ...promptOf(words, flags),
      ...(tools === undefined ? {} : { tools }),
    };
    const routing: RoutingOptions = { ...routingOf(flags), ...(key === undefined ? {} : { key }), targets };
    const explanation = gateway.explain(request, { routing, budgets });
    if (flags.json === true) printJson(await explanationBody(explanation));
    else {
      const columns = process.stdout.isTTY === true ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
      const text = formatRoute(explanation, { columns, showBytes: flags.showBytes === true });
      print(textFor(process.stdout, text));
    }
    if (explanation.route.steps.length === 0) process.exitCode = 1;
  } finally {
    await gateway.close();
  }
};

export const addRouteCommand = (program: Command): void => {
  const route = program.command('route').description('explain where requests go');
  const command = route
    .command('explain')
    .description('say where a prompt would run and why, what would leave this machine, what it costs; runs nothing')
    .argument('<prompt>', 'what would be asked; - reads it from standard input')
    .option('--model <name|path.gguf>', 'the model (default: auto)');
  addReachFlags(addPromptFlags(command))
    .option('--key <id|name>', 'the API key that would ask')
    .option('--ttft-ms <n>', 'wanted: the first token within so many milliseconds', decimalNumber(0, 86_400_000))
    .option('--tpot-ms <n>', 'wanted: so many milliseconds per token', decimalNumber(0, 86_400_000))
    .option('--tools <file>', "tools that the request would carry: a JSON list as in OpenAI's API")
    .option('--show-bytes', 'all bytes that would go to third parties, as they are')
    .option('--json', 'print as JSON, bytes included');
  addEngineFlags(command).action(explain);
};
