/**
 * The host process of one model: takes commands on file descriptor 3, computes, answers there.
 *
 * Imports little and does everything else after the first command, because somebody waits for the first token. Ends
 * when the other side goes away, whatever the reason; signals meant for the server are the server's business.
 */
import { Socket } from 'node:net';
import { EngineError } from '../engine-error.js';
import { createEmbedder, type Embedder } from './embedder.js';
import { createFrameReader, encodeFrame } from './frames.js';
import { type LoadedModel, loadModel } from './load-model.js';
import type { HostCommand, HostMessage } from './protocol.js';
import { createRunner, type Runner, toWireError } from './runner.js';

const channel = new Socket({ fd: 3, readable: true, writable: true });

const post = (message: HostMessage, binary?: Uint8Array): void => {
  channel.write(encodeFrame(message, binary));
};

const now = (): number => performance.timeOrigin + performance.now();

let model: LoadedModel | null = null;
let runner: Runner | null = null;
let embedder: Embedder | null = null;
let scheduled = false;

/** Runs steps while there is work; between two of them commands come in. */
const wake = (): void => {
  if (scheduled) return;
  scheduled = true;
  setImmediate(turn);
};

const turn = (): void => {
  scheduled = false;
  const stepped = runner?.step() ?? false;
  if (embedder?.busy === true) runner?.flush();
  const embedded = embedder?.step() ?? false;
  if (stepped || embedded) wake();
};

const load = (command: Extract<HostCommand, { type: 'load' }>): void => {
  model = loadModel(command.options);
  const { context } = model;
  if (context !== null)
    runner = createRunner({
      model: { ...model, context },
      now,
      send: (events, stats) => post({ type: 'step', events, stats }),
    });
  embedder = createEmbedder(model, {
    now,
    done(id, vectors, count, promptTokens) {
      post({ type: 'vectors', id, count, promptTokens }, new Uint8Array(vectors.buffer));
    },
    failed: (id, error) => post({ type: 'failed', id, error }),
  });
  post({ type: 'loaded', info: model.info });
};

const withModel = (id: number, act: (loaded: LoadedModel) => void): void => {
  try {
    if (model === null) throw new EngineError('invalid-request', 'No model is loaded');
    act(model);
  } catch (error) {
    post({ type: 'failed', id, error: toWireError(error) });
  }
};

const obey = (command: HostCommand): void => {
  switch (command.type) {
    case 'load':
      try {
        load(command);
      } catch (error) {
        const failure = error instanceof EngineError ? error : new EngineError('binding-unavailable', String(error));
        channel.end(encodeFrame({ type: 'load-failed', error: toWireError(failure) } satisfies HostMessage), () => {
          process.exit(1);
        });
      }
      return;
    case 'generate':
      withModel(command.id, ({ info }) => {
        if (runner === null)
          throw new EngineError('unsupported', `Cannot generate with ${info.name}: it only makes embeddings`);
        runner.generate(command.id, command.request);
        wake();
      });
      return;
    case 'embed':
      withModel(command.id, () => {
        embedder?.embed(command.id, command.request);
        wake();
      });
      return;
    case 'tokenize':
      withModel(command.id, ({ vocabulary }) => {
        post({ type: 'tokens', id: command.id, tokens: [...vocabulary.tokenize(command.text, command)] });
      });
      return;
    case 'detokenize':
      withModel(command.id, ({ vocabulary }) => {
        post({ type: 'detokenized', id: command.id, text: vocabulary.detokenize(Int32Array.from(command.tokens)) });
      });
      return;
    case 'cancel':
      runner?.cancel(command.id);
      embedder?.cancel(command.id);
      wake();
      return;
    case 'exit':
      process.exit(0);
      return;
    default:
      command satisfies never;
  }
};

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);
channel.on('error', () => process.exit(0));
channel.on('close', () => process.exit(0));
channel.on('end', () => process.exit(0));
channel.on(
  'data',
  createFrameReader((message) => obey(message as HostCommand)),
);
