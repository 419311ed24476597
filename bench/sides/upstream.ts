/**
 * A fixed upstream that speaks OpenAI's chat completions: the same answer to everybody, whole or one event per token.
 */
import { createServer } from 'node:http';
import type { UpstreamProtocol } from '../gateway/load-protocol.js';
import { serveSide } from '../side-main.js';

const head = { id: 'chatcmpl-fixed', created: 1_700_000_000, model: 'fixed' };
const usageOf = (tokens: number) => ({ prompt_tokens: 12, completion_tokens: tokens, total_tokens: 12 + tokens });

const server = createServer();

serveSide<UpstreamProtocol>(
  {
    listen: ({ tokens }) => {
      const content = Array.from({ length: 16 }, (_, index) => `word${index} `).join('');
      const whole = Buffer.from(
        JSON.stringify({
          ...head,
          object: 'chat.completion',
          choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: 'stop' }],
          usage: usageOf(16),
        }),
      );
      const chunk = (delta: object, finish: string | null): string =>
        `data: ${JSON.stringify({
          ...head,
          object: 'chat.completion.chunk',
          choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
        })}\n\n`;
      const first = chunk({ role: 'assistant', content: '' }, null);
      const token = chunk({ content: 'word ' }, null);
      const last = `${chunk({}, 'stop')}data: ${JSON.stringify({
        ...head,
        object: 'chat.completion.chunk',
        choices: [],
        usage: usageOf(tokens),
      })}\n\ndata: [DONE]\n\n`;
      server.on('request', (request, response) => {
        let isStream = false;
        request.on('data', (bytes: Buffer) => {
          isStream ||= bytes.includes('"stream":true');
        });
        request.on('end', () => {
          if (!isStream) {
            response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
            response.end(whole);
            return;
          }
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write(first);
          let left = tokens;
          const next = (): void => {
            if (response.destroyed) return;
            if (left-- === 0) {
              response.end(last);
              return;
            }
            if (response.write(token)) setImmediate(next);
            else response.once('drain', next);
          };
          setImmediate(next);
        });
      });
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', 4096, () => {
          const address = server.address();
          resolve({ url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}` });
        });
      });
    },
  },
  () => {
    server.closeAllConnections();
    server.close();
  },
);
