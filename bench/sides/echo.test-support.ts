/**
 * A side that computes nothing, for the tests of `side-process.ts`.
 */
import { serveSide } from '../side-main.js';

export type EchoProtocol = {
  readonly echo: readonly [unknown, unknown];
  readonly fail: readonly [string, null];
  readonly exit: readonly [number, null];
};

serveSide<EchoProtocol>({
  echo: (question) => question,
  fail: (message) => {
    throw new Error(message);
  },
  exit: (code) => process.exit(code),
});
