/** What would break: tokens of an answer that nobody is told of. */
import { expect, test } from 'vitest';
import { createGeneration } from './generation.js';
import { createOutbox } from './outbox.js';
import type { WireGenerate } from './protocol.js';
import type { TokenPiece, Vocabulary } from './vocabulary.js';

/** Token n stands for the bytes of its entry. */
const bytes = [[0x68], [0xf0], [0x9f], [0x98], [0x80]];
const vocabulary: Pick<Vocabulary, 'piece'> = {
  piece: (token): TokenPiece => ({
    bytes: Uint8Array.from(bytes[token]!),
    text: token === 0 ? 'h' : null,
    special: false,
    endOfGeneration: false,
  }),
};
const request: WireGenerate = {
  prompt: 'x',
  sampling: {},
  grammar: null,
  stop: [],
  maxTokens: null,
  logprobs: null,
  firstTokenLogprobsOf: null,
  renderSpecial: false,
  ignoreEos: false,
  cacheScope: '',
  client: '',
  deadlineMs: null,
  submittedMs: 0,
};

const textsOf = (tokens: readonly number[]): { text: string; tokens: readonly number[] }[] => {
  const outbox = createOutbox();
  let next = 0;
  const sampler = { sample: () => tokens[next++]!, accept: () => undefined, free: () => undefined };
  const generation = createGeneration({ id: 1, request, vocabulary: vocabulary as Vocabulary, sampler, outbox });
  const seen: { text: string; tokens: readonly number[] }[] = [];
  const take = (): void => {
    for (const event of outbox.take(0)) if (event[0] === 'text') seen.push({ text: event[2], tokens: event[3] });
  };
  for (const _ of tokens) {
    generation.next(new Float32Array(5), 0);
    take();
  }
  generation.finishByLength(0);
  take();
  return seen;
};

test('a character comes whole, with all its tokens', () => {
  expect(textsOf([0, 1, 2, 3, 4])).toEqual([
    { text: 'h', tokens: [0] },
    { text: '😀', tokens: [1, 2, 3, 4] },
  ]);
});

test('tokens of a character that was cut off are told at the end', () => {
  const texts = textsOf([0, 1, 2]);
  expect(texts.flatMap(({ tokens }) => tokens)).toEqual([0, 1, 2]);
  expect(texts.map(({ text }) => text).join('')).toMatch(/^h\uFFFD*$/);
});
