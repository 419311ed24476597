/** One host for several processes: what would break is an answer that reaches another, work for one that is gone, or two hosts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tinyShape, writeRandomModel } from '../tune/random-model.js';
import type { GenerateRequest } from './engine.js';
import { createHostEngine, createSupervisedEngine, type HostEngine, hostOptionsOf } from './host-engine.js';
import { answer, codeOf, until, words } from './host-engine.test-kit.js';
import { type HostRelay, type RelayClient, startHostRelay } from './host-relay.js';
import type { RelayCommand, RelayMessage } from './relay-protocol.js';
import { connectRelayedHost } from './relayed-host.js';

let folder: string;
let modelPath: string;
let relay: HostRelay;

const options = () => ({ name: 'tiny', modelPath, parallel: 4, contextLength: 2048, threads: 1 });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-relay-'));
  modelPath = join(folder, 'tiny.gguf');
  writeRandomModel(modelPath, tinyShape, { type: 'Q8_0', seed: 5 });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  relay = await startHostRelay(hostOptionsOf(options()));
});
afterEach(() => relay.stop(2_000));

interface Sharing {
  readonly engine: HostEngine;
  readonly client: RelayClient;
  /** Lets nothing through until it is called again, as a process that is busy. */
  hold(isHeld: boolean): void;
}

/** A process that shares the host, as far as its messages go: copied, and later. */
const share = async (): Promise<Sharing> => {
  let receive: (message: RelayMessage) => void = () => undefined;
  let held: RelayCommand[] | null = null;
  const client = relay.attach((message) => {
    const copy = structuredClone(message);
    setImmediate(() => receive(copy));
  });
  const engine = await createSupervisedEngine('tiny', (events) =>
    connectRelayedHost(
      {
        onMessage: (receiver) => {
          receive = receiver;
        },
        send: (command) => {
          const copy = structuredClone(command);
          if (held === null) setImmediate(() => client.receive(copy));
          else held.push(copy);
        },
      },
      events,
    ),
  );
  return {
    engine,
    client,
    hold(isHeld) {
      const commands = held ?? [];
      held = isHeld ? [] : null;
      for (const command of commands) client.receive(command);
    },
  };
};

const seeded = (seed: number): GenerateRequest => ({
  prompt: words(20, `s${seed}`),
  maxTokens: 24,
  ignoreEos: true,
  sampling: { temperature: 1, seed },
});
const endless: GenerateRequest = { prompt: 'x', ignoreEos: true, maxTokens: 2000, sampling: { seed: 1 } };

describe('a shared host', () => {
  it('gives each process the answers to its own requests, as a host of its own would', async () => {
    const alone = await createHostEngine(options());
    const expected = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => answer(alone, seeded(seed))));
    await alone.close();
    const sharing = await Promise.all([share(), share(), share()]);
    expect(sharing.map(({ engine }) => engine.hostPid)).toEqual([relay.pid, relay.pid, relay.pid]);
    const answers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((seed, index) => answer(sharing[index % 3]!.engine, seeded(seed))),
    );
    expect(answers.map(({ text }) => text)).toEqual(expected.map(({ text }) => text));
  });

  it('tokenizes, embeds and refuses for each', async () => {
    const [one, two] = await Promise.all([share(), share()]);
    const [tokens, others] = await Promise.all([one.engine.tokenize('hello'), two.engine.tokenize('hello world')]);
    expect(await one.engine.detokenize(tokens)).toBe('hello');
    expect(others.length).toBeGreaterThan(tokens.length);
    const inputs = [['hello'], ['hello', 'world']];
    const [first, second] = await Promise.all([
      one.engine.embed({ inputs: inputs[0]! }),
      two.engine.embed({ inputs: inputs[1]! }),
    ]);
    expect([first.vectors.length, second.vectors.length]).toEqual([1, 2]);
    expect(Array.from(second.vectors[0]!)).toEqual(Array.from(first.vectors[0]!));
    const long = answer(one.engine, { prompt: words(5000) });
    expect(await codeOf(long)).toBe('context-overflow');
  });

  it('tells all of them how busy it is, and that it is not any more', async () => {
    const [busy, idle] = await Promise.all([share(), share()]);
    const stop = new AbortController();
    const running = codeOf(answer(busy.engine, endless, stop.signal));
    await until(() => idle.engine.stats().sequencesRunning === 1);
    stop.abort();
    expect(await running).toBe('cancelled');
    await answer(busy.engine, seeded(1));
    await until(() => idle.engine.stats().sequencesRunning === 0);
    expect(idle.engine.stats().completionTokens).toBe(busy.engine.stats().completionTokens);
  });

  it('stops working for a process that is gone', async () => {
    const [gone, here] = await Promise.all([share(), share()]);
    for (const _ of [1, 2, 3]) void codeOf(answer(gone.engine, endless));
    await until(() => gone.engine.stats().sequencesRunning === 3);
    gone.client.detach();
    await answer(here.engine, seeded(1));
    await until(() => here.engine.stats().sequencesRunning === 0);
  });

  it('that dies fails the requests of all, and serves all again; what was meant for the dead one is not run', async () => {
    const [one, two] = await Promise.all([share(), share()]);
    const running = [one, two].map(({ engine }) => codeOf(answer(engine, endless)));
    await until(() => two.engine.stats().sequencesRunning === 2);
    // On its way when the host dies.
    two.hold(true);
    const late = codeOf(answer(two.engine, endless));
    const first = relay.pid!;
    process.kill(first, 'SIGKILL');
    expect(await Promise.all([...running, late])).toEqual(['host-crashed', 'host-crashed', 'host-crashed']);
    await until(() => relay.pid !== undefined && relay.pid !== first);
    two.hold(false);
    const answers = await Promise.all([one, two].map(({ engine }) => answer(engine, seeded(7))));
    expect(answers[0]!.text).toBe(answers[1]!.text);
    await until(() => one.engine.stats().sequencesRunning === 0);
    expect([one, two].map(({ engine }) => engine.stats().hostRestarts)).toEqual([1, 1]);
  });

  it('is joined by a process that comes later', async () => {
    const one = await share();
    await answer(one.engine, seeded(1));
    const late = await share();
    expect((await answer(late.engine, seeded(2))).tokens).toHaveLength(24);
  });
});
