/**
 * One side of a bench in a child process of its own: starts it, asks it to measure, ends it.
 *
 * llama.cpp's threads spin while they compute and starve what runs beside them, so a side computes only while it is
 * asked something, and callers ask one at a time. Knows no llama.cpp. `side-main.ts` is the child's half.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onCore } from './on-core.js';

/** What a side can be asked: name -> [question, answer], plain data. */
export type SideProtocol = Readonly<Record<string, readonly [question: unknown, answer: unknown]>>;

export interface SideProcess<Protocol extends SideProtocol> {
  readonly pid: number;
  ask<Name extends keyof Protocol & string>(name: Name, question: Protocol[Name][0]): Promise<Protocol[Name][1]>;
  /** Ends the process and waits until it is gone. */
  close(): Promise<void>;
}

export type SideQuestion = { readonly id: number; readonly name: string; readonly question: unknown };
export type SideAnswer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };

/** The longest that one answer may take. */
const answerLimitMs = 15 * 60_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Ends with the bench process, however that ends. */
export const endWithBench = (child: ChildProcess): void => {
  running.add(child);
  child.once('exit', () => running.delete(child));
};

/** Starts the compiled module `sides/<name>.js`, on one core where that is asked for. */
export const startSide = <Protocol extends SideProtocol>(
  name: string,
  options: { readonly core?: number } = {},
): SideProcess<Protocol> => {
  const path = fileURLToPath(new URL(`./sides/${name}.js`, import.meta.url));
  const [execPath, execArgv] = onCore(options.core, process.execPath, []);
  const child = fork(path, [], { execPath, execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  endWithBench(child);
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failAll = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  let nextId = 0;
  child.on('message', (message: SideAnswer) => {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if ('error' in message) asked?.reject(new Error(`Side ${name} failed: ${message.error}`));
    else asked?.resolve(message.answer);
  });
  child.once('error', (cause) => failAll(new Error(`Cannot start side ${name}: ${cause.message}`, { cause })));
  child.once('exit', (code, signal) =>
    failAll(new Error(`Side ${name} ended early: ${signal ?? `exit code ${code}`}`)),
  );

  return {
    pid: child.pid ?? -1,
    ask: (questionName, question) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error(`Side ${name} did not answer "${questionName}" in ${answerLimitMs / 60_000} minutes`));
        }, answerLimitMs);
        waiting.set(id, {
          resolve: (answer) => {
            clearTimeout(timer);
            resolve(answer as never);
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        });
        if (!child.connected) failAll(new Error(`Side ${name} is not running`));
        else child.send({ id, name: questionName, question } satisfies SideQuestion);
      }),
    close: async () => {
      if (child.connected) child.disconnect();
      const killing = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(killing);
    },
  };
};
