/** The whole way: the real command, the real server, llama.cpp in its host process, the official client. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyShape, writeRandomModel } from '../../src/tune/random-model.js';
import { type RunningServer, runSpillway, startServer, startSpillway } from './spillway-process.js';

let folder = '';
let tiny = '';
let server: RunningServer;
let client: OpenAI;

const connect = (to: RunningServer): OpenAI => new OpenAI({ baseURL: `${to.url}/v1`, apiKey: 'none', maxRetries: 0 });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-e2e-'));
  tiny = join(folder, 'tiny.gguf');
  writeRandomModel(tiny, tinyShape, { type: 'F32', seed: 1 });
  server = await startServer(['--model', tiny, '--threads', '1', '--parallel', '4']);
  client = connect(server);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const noise = { messages: [{ role: 'user' as const, content: 'the than in on' }], model: 'tiny' };

describe('spillway serve with a model given by path', () => {
  it('names the model after its file and answers without a model name', async () => {
    expect(server.models).toStrictEqual(['tiny']);
    const answer = await client.chat.completions.create({
      ...noise,
      model: undefined as unknown as string,
      max_tokens: 5,
    });
    expect(answer.model).toBe('tiny');
    expect(answer.usage?.completion_tokens).toBeLessThanOrEqual(5);
  });

  it('dates the model by its file, so that its fingerprint outlives a restart', async () => {
    const { created } = await client.models.retrieve('tiny');
    expect(created).toBe(Math.floor(statSync(tiny).mtimeMs / 1000));
  });

  it('shows what it did under /metrics: times, tokens, batch, cache', async () => {
    await client.chat.completions.create({ ...noise, max_tokens: 8, ...{ ignore_eos: true } });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const sample = (name: string): number => {
      const line = new RegExp(`^${name}(?:_count)?\\{[^}]*gen_ai_request_model="tiny"[^}]*\\} (\\S+)$`, 'm').exec(
        metrics,
      );
      return Number(line?.[1] ?? Number.NaN);
    };
    for (const name of [
      'gen_ai_server_request_duration_seconds',
      'gen_ai_server_time_to_first_token_seconds',
      'gen_ai_server_time_per_output_token_seconds',
      'gen_ai_client_token_usage',
      'spillway_queue_time_seconds',
      'spillway_completion_tokens_total',
      'spillway_batch_size',
      'spillway_kv_cache_usage_ratio',
    ])
      expect([name, sample(name) > 0]).toEqual([name, true]);
  });

  it('gives the same text for the same seed while others decode beside it', async () => {
    const ask = (seed: number) =>
      client.chat.completions
        .create({ ...noise, max_tokens: 24, temperature: 1, seed })
        .then((answer) => answer.choices[0]?.message.content);
    const alone = await ask(7);
    const [together] = await Promise.all([ask(7), ask(8), ask(9)]);
    expect(together).toBe(alone);
  });

  it('streams what it says without a stream', async () => {
    const settings = { ...noise, max_tokens: 32, temperature: 0 };
    const whole = await client.chat.completions.create(settings);
    let text = '';
    const stream = await client.chat.completions.create({ ...settings, stream: true });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(whole.choices[0]?.message.content);
  });

  it('holds a random model to a JSON schema', async () => {
    const answer = await client.chat.completions.create({
      ...noise,
      max_tokens: 200,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'mood',
          schema: {
            type: 'object',
            properties: { mood: { enum: ['good', 'bad'] }, sure: { type: 'boolean' } },
            required: ['mood', 'sure'],
            additionalProperties: false,
          },
        },
      },
    });
    const value = JSON.parse(answer.choices[0]?.message.content ?? '') as { mood: string; sure: boolean };
    expect(['good', 'bad']).toContain(value.mood);
    expect(typeof value.sure).toBe('boolean');
  });

  it('refuses a prompt longer than the context', async () => {
    const long = 'word '.repeat(4000);
    await expect(
      client.chat.completions.create({ ...noise, messages: [{ role: 'user', content: long }] }),
    ).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
  });

  it('embeds', async () => {
    const { data } = await client.embeddings.create({
      model: 'tiny',
      input: ['the', 'than'],
      encoding_format: 'float',
    });
    const length = Math.hypot(...(data[0]?.embedding ?? []));
    expect(length).toBeCloseTo(1, 3);
    expect(data).toHaveLength(2);
  });

  it.skipIf(platform() !== 'linux')(
    'outlives kill -9 on its engine host: the stream breaks openly, the next request works',
    async () => {
      const stream = await client.chat.completions.create({
        ...noise,
        max_tokens: 1500,
        stream: true,
        temperature: 0,
        ...{ ignore_eos: true },
      });
      let finished = false;
      const reading = (async () => {
        for await (const chunk of stream) {
          const [pid] = server.hostPids();
          if (pid !== undefined && !finished) process.kill(pid, 'SIGKILL');
          finished = true;
          if (chunk.choices[0]?.finish_reason === 'stop') throw new Error('a broken stream ended as if it were whole');
        }
      })();
      await expect(reading).rejects.toThrow();
      const answer = await client.chat.completions.create({ ...noise, max_tokens: 3 });
      expect(answer.choices).toHaveLength(1);
    },
  );
});

describe('spillway serve with the embedded model', () => {
  let pocket: RunningServer;
  beforeAll(async () => {
    pocket = await startServer(['--threads', '1']);
  });
  afterAll(() => pocket.stop());

  it("calls a tool for the device's own request", async () => {
    const answer = await connect(pocket).chat.completions.create({
      model: 'pocket',
      messages: [{ role: 'user', content: 'Wake me at 6:30 tomorrow!' }],
    });
    const [choice] = answer.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    const call = choice?.message.tool_calls?.[0];
    expect(call?.type === 'function' && call.function.name).toBe('set_alarm');
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toMatchObject({ time: '06:30' });
  });

  it('hands over what is not for the device', async () => {
    const answer = await connect(pocket).chat.completions.create({
      model: 'pocket',
      messages: [{ role: 'user', content: 'Write an essay on the causes of the French revolution' }],
    });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '' } });
    const { spillway } = answer as unknown as { spillway: { overflow: boolean; confidence: number } };
    expect(spillway.overflow).toBe(true);
    expect(spillway.confidence).toBeGreaterThan(0.5);
  });
});

describe('spillway serve, told to stop', () => {
  it('finishes the stream that runs, refuses new requests, and ends with 0', async () => {
    const stopping = await startServer(['--model', tiny, '--threads', '1']);
    const ended = once(stopping.process, 'exit');
    const stream = await connect(stopping).chat.completions.create({
      ...noise,
      max_tokens: 1500,
      stream: true,
      stream_options: { include_usage: true },
      ...{ ignore_eos: true },
    });
    let tokens: number | undefined;
    let refused: unknown;
    for await (const chunk of stream) {
      if (refused === undefined) {
        stopping.process.kill('SIGTERM');
        while ((await fetch(`${stopping.url}/health`)).status !== 503);
        refused = await connect(stopping)
          .chat.completions.create(noise)
          .catch((error: unknown) => error);
      }
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    expect(refused).toMatchObject({ status: 503, code: 'shutting_down' });
    expect(tokens).toBe(1500);
    expect((await ended)[0]).toBe(0);
  });

  it.skipIf(platform() === 'win32')('outlives whoever read its output', async () => {
    const running = startSpillway(['serve', '--model', tiny, '--threads', '1', '--port', '0', '--log-level', 'info']);
    const url = await new Promise<string>((resolve) =>
      running.process.stdout.on('data', (text: Buffer) => {
        const found = /http:\/\/[\d.:]+/.exec(text.toString());
        if (found !== null) resolve(found[0]);
      }),
    );
    running.process.stdout.destroy();
    running.process.stderr.destroy();
    for (let index = 0; index < 3; index++) expect((await fetch(`${url}/health`)).status).toBe(200);
    running.process.kill('SIGTERM');
    expect((await running.ended).status).toBe(0);
  });
});

describe('spillway serve, refused', () => {
  it('says that a port is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const { status, stderr } = runSpillway(['serve', '--model', tiny, '--port', String(port)]);
    blocker.close();
    expect(status).toBe(1);
    expect(stderr).toContain(String(port));
    expect(stderr).not.toContain('at ');
  });

  it('ends at once at a flag that cannot be, and never runs open for a key that is empty', () => {
    const level = runSpillway(['serve', '--log-level', 'loud']);
    expect([level.status, level.stderr]).toEqual([
      1,
      expect.stringMatching(/Allowed choices are error, warn, info, silent/),
    ]);
    const key = runSpillway(['serve', '--api-key', '']);
    expect([key.status, key.stderr]).toEqual([1, expect.stringMatching(/--api-key.*empty/)]);
  });

  it('says what is wrong with a file', () => {
    const page = join(folder, 'page.gguf');
    writeFileSync(page, '<html>not a model but something long enough to be read</html>');
    expect(runSpillway(['serve', '--model', page]).stderr).toMatch(/not a GGUF file/);
    const cut = join(folder, 'cut.gguf');
    writeRandomModel(cut, tinyShape, { type: 'F32', seed: 1 });
    truncateSync(cut, 200_000);
    expect(runSpillway(['serve', '--model', cut]).stderr).toMatch(/download it again/);
    expect(runSpillway(['serve', '--model', 'no-such-model']).stderr).toMatch(/spillway pull/);
  });
});
