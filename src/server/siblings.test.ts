/** Servers of one port answer as one: what one keeps in its memory, the others can be asked for. */
import { describe, expect, it } from 'vitest';
import type { SpillwayServer } from './server.js';
import type { SiblingQuestion } from './siblings.js';
import { chatBody, createTestServer, type TestServer } from './test-kit.js';

/** Servers that ask each other as processes do: in plain data. */
const createTogether = (count: number): TestServer[] => {
  const servers: SpillwayServer[] = [];
  const made = Array.from({ length: count }, (_, index) =>
    createTestServer(
      {},
      {
        siblings: {
          ask: async (question: SiblingQuestion) =>
            Promise.all(
              servers
                .filter((_, other) => other !== index)
                .map(async (server) => JSON.parse(JSON.stringify(await server.answer(question)))),
            ),
        },
      },
    ),
  );
  servers.push(...made.map(({ server }) => server));
  return made;
};

describe('servers of one port', () => {
  it('go on with conversations that lie with several of them', async () => {
    const [one, two, three] = createTogether(3);
    const first = (await one!.post('/v1/responses', { input: 'first words' })).json();
    const second = (await two!.post('/v1/responses', { input: 'second', previous_response_id: first.id })).json();
    const third = await three!.post('/v1/responses', { input: 'third', previous_response_id: second.id });
    expect(third.status).toBe(200);
    expect(three!.tier.chatRequests[0]!.messages.map(({ content }) => content)).toEqual([
      'first words',
      expect.anything(),
      'second',
      expect.anything(),
      'third',
    ]);
    expect((await three!.get(`/v1/responses/${first.id}`)).json().id).toBe(first.id);
    expect((await one!.get(`/v1/responses/${second.id}/input_items`)).json().data).toHaveLength(3);
    const deleted = await three!.server.inject({ method: 'DELETE', url: `/v1/responses/${first.id}` });
    expect(deleted.json()).toMatchObject({ deleted: true });
    expect((await one!.get(`/v1/responses/${first.id}`)).status).toBe(404);
    const broken = await three!.post('/v1/responses', { input: 'x', previous_response_id: second.id });
    expect(broken.json().error.code).toBe('previous_response_not_found');
  });

  it('show responses to their owner only', async () => {
    const keys = { apiKeys: ['one-key', 'other-key'] };
    const servers: SpillwayServer[] = [];
    const siblings = { ask: async (question: SiblingQuestion) => [await servers[0]!.answer(question)] };
    const one = createTestServer({}, keys);
    const two = createTestServer({}, { ...keys, siblings });
    servers.push(one.server);
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const { id } = (await one.post('/v1/responses', { input: 'x' }, as('one-key'))).json();
    expect((await two.get(`/v1/responses/${id}`, as('one-key'))).status).toBe(200);
    expect((await two.get(`/v1/responses/${id}`, as('other-key'))).status).toBe(404);
  });

  it('count together, and a host that they share once', async () => {
    const stats = {
      sequencesRunning: 2,
      sequencesQueued: 0,
      kvCellsUsed: 10,
      kvCellsTotal: 100,
      promptTokens: 70,
      cachedPromptTokens: 0,
      completionTokens: 50,
      decodeSteps: 5,
      decodeStepSequences: 10,
      hostRestarts: 0,
    };
    const servers: SpillwayServer[] = [];
    const siblings = { ask: async (question: SiblingQuestion) => [await servers[0]!.answer(question)] };
    const one = createTestServer({}, { stats: () => ({ fake: stats }) });
    const two = createTestServer({}, { siblings, stats: () => ({ fake: { ...stats, completionTokens: 48 } }) });
    servers.push(one.server);
    for (const server of [one, one, two]) await server.post('/v1/chat/completions', chatBody());
    const { text } = await two.get('/metrics');
    const sample = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    const labels = 'gen_ai_operation_name="chat",gen_ai_provider_name="spillway",gen_ai_request_model="fake"';
    expect(sample(`gen_ai_server_request_duration_seconds_count\\{${labels},error_type=""\\}`)).toBe(3);
    expect(sample('spillway_completion_tokens_total\\{gen_ai_request_model="fake"\\}')).toBe(50);
    expect(sample('spillway_sequences_running\\{gen_ai_request_model="fake"\\}')).toBe(2);
  });
});
