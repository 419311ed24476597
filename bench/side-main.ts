/**
 * The child's half of `side-process.ts`: answers questions one after the other and ends with its parent.
 */
import type { SideAnswer, SideProtocol, SideQuestion } from './side-process.js';

export type SideHandlers<Protocol extends SideProtocol> = {
  readonly [Name in keyof Protocol]: (question: Protocol[Name][0]) => Promise<Protocol[Name][1]> | Protocol[Name][1];
};

/** Serves `handlers` until the parent disconnects; then runs `close` and ends the process. */
export const serveSide = <Protocol extends SideProtocol>(
  handlers: SideHandlers<Protocol>,
  close: () => Promise<void> | void = () => {},
): void => {
  const send = (answer: SideAnswer): void => {
    if (process.connected) process.send?.(answer);
  };
  let last = Promise.resolve();
  process.on('message', ({ id, name, question }: SideQuestion) => {
    last = last.then(async () => {
      try {
        const handler = handlers[name];
        if (handler === undefined) throw new Error(`it knows no question "${name}"`);
        send({ id, answer: await handler(question) });
      } catch (error) {
        send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    });
  });
  process.once('disconnect', () => {
    void last.then(close).finally(() => process.exit(0));
  });
};
