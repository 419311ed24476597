/**
 * The load generator: keep-alive connections that send one request after the other, or at a fixed rate.
 */
import { connect, type Socket } from 'node:net';
import { createHttpReader } from '../gateway/http-reader.js';
import type { LoadAnswer, LoadProtocol, LoadQuestion } from '../gateway/load-protocol.js';
import { serveSide } from '../side-main.js';

const requestBytes = ({ url, path, headers, body }: LoadQuestion): Buffer => {
  const payload = Buffer.from(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    'content-type: application/json',
    `content-length: ${payload.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), payload]);
};

const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;

const load = (question: LoadQuestion): Promise<LoadAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(question.url);
    const bytes = requestBytes(question);
    const times = new Float64Array(question.requests);
    const sockets: Socket[] = [];
    const idle: (() => void)[] = [];
    let sent = 0;
    let done = 0;
    let failed = 0;
    let firstFailure: string | null = null;
    let bodyBytes = 0;
    let startedMs = 0;
    let timer: NodeJS.Timeout | null = null;

    const end = (): void => {
      if (timer !== null) clearInterval(timer);
      const seconds = (performance.now() - startedMs) / 1000;
      for (const socket of sockets) socket.destroy();
      const sorted = times.subarray(0, done).sort();
      resolve({
        seconds,
        requests: done,
        p50Ms: percentile(sorted, 0.5),
        p99Ms: percentile(sorted, 0.99),
        failed,
        firstFailure,
        bodyBytes,
      });
    };

    const open = (): void => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      sockets.push(socket);
      let sentMs = 0;
      const send = (): void => {
        if (sent >= question.requests) return;
        sent++;
        sentMs = performance.now();
        socket.write(bytes);
      };
      socket.on(
        'data',
        createHttpReader((answer) => {
          times[done++] = performance.now() - sentMs;
          bodyBytes += answer.bodyBytes;
          if (answer.status !== 200) {
            failed++;
            firstFailure ??= `${answer.status} ${answer.failure.slice(0, 500)}`;
          }
          if (done === question.requests) end();
          else if (question.perSecond === undefined) send();
          else idle.push(send);
        }),
      );
      socket.on('error', reject);
      socket.on('close', () => {
        if (done < question.requests) reject(new Error(`The server closed a connection after ${done} answers`));
      });
      socket.once('connect', () => {
        idle.push(send);
        if (idle.length === question.connections && startedMs === 0) begin();
      });
    };

    const begin = (): void => {
      startedMs = performance.now();
      if (question.perSecond === undefined) {
        for (const send of idle.splice(0)) send();
        return;
      }
      const perMs = question.perSecond / 1000;
      timer = setInterval(() => {
        // A request that finds no free connection goes out late, and its wait is not counted: keep connections to spare.
        const due = Math.floor((performance.now() - startedMs) * perMs);
        while (sent < Math.min(due, question.requests) && idle.length > 0) idle.shift()!();
      }, 1);
    };
    for (let index = 0; index < question.connections; index++) open();
  });

serveSide<LoadProtocol>({ load });
