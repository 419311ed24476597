/**
 * An HTTP client that reads many streams and does next to nothing else: it shares the machine with the server that is
 * measured, so every event that it parsed would be taken from that. It looks at the end of each stream only: the usage
 * block and `[DONE]` must be there.
 */
import { Agent, request } from 'node:http';
import { promptSeed } from '../decode-side.js';
import type { ClientProtocol, StreamsAnswer, StreamsQuestion } from '../http-client.js';
import { randomText, randomTokens } from '../prompts.js';
import { serveSide } from '../side-main.js';

/** The last events of a stream fit well into this. */
const tailBytes = 4096;

interface StreamEnd {
  readonly tokens: number;
  readonly promptTokens: number;
}

const numberOf = (text: string, field: string): number => {
  const match = new RegExp(`"${field}":\\s*(\\d+)`).exec(text);
  if (match === null) throw new Error(`The stream ended without ${field}: ${text.slice(-300)}`);
  return Number(match[1]);
};

const readEnd = (tail: string): StreamEnd => {
  if (!tail.includes('data: [DONE]')) throw new Error(`The stream broke off: ${tail.slice(-300)}`);
  return { tokens: numberOf(tail, 'completion_tokens'), promptTokens: numberOf(tail, 'prompt_tokens') };
};

const readStream = (url: string, agent: Agent, body: Buffer): Promise<StreamEnd> =>
  new Promise((resolve, reject) => {
    const call = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    });
    call.once('error', reject);
    call.once('response', (response) => {
      let kept: Buffer[] = [];
      let keptBytes = 0;
      response.on('data', (chunk: Buffer) => {
        kept.push(chunk);
        keptBytes += chunk.length;
        if (keptBytes > 16 * tailBytes) {
          const tail = Buffer.concat(kept).subarray(-tailBytes);
          kept = [tail];
          keptBytes = tail.length;
        }
      });
      response.once('error', reject);
      response.once('end', () => {
        const tail = Buffer.concat(kept).subarray(-tailBytes).toString();
        try {
          if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}: ${tail}`);
          resolve(readEnd(tail));
        } catch (error) {
          reject(error);
        }
      });
    });
    call.end(body);
  });

const bodyOf = (question: StreamsQuestion, index: number): Buffer => {
  const { kind, messages, promptLength, tokens, vocabularySize } = question;
  const ownSeed = promptSeed(question.seed, index);
  const prompt =
    kind === 'chat'
      ? {
          messages: [
            { role: 'user', content: messages?.[index % messages.length] ?? randomText(ownSeed, promptLength) },
          ],
        }
      : { prompt: randomTokens(ownSeed, promptLength, vocabularySize) };
  return Buffer.from(
    JSON.stringify({
      ...prompt,
      max_tokens: tokens,
      temperature: 0,
      ignore_eos: true,
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
};

const stream = async (question: StreamsQuestion): Promise<StreamsAnswer> => {
  const { url, kind, requests, concurrency } = question;
  const target = `${url}${kind === 'chat' ? '/v1/chat/completions' : '/v1/completions'}`;
  const bodies = Array.from({ length: requests }, (_, index) => bodyOf(question, index));
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const total = { tokens: 0, promptTokens: 0 };
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(concurrency, requests) }, async () => {
      while (next < bodies.length) {
        const end = await readStream(target, agent, bodies[next++]!);
        total.tokens += end.tokens;
        total.promptTokens += end.promptTokens;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { seconds, ...total };
};

serveSide<ClientProtocol>({ stream });
