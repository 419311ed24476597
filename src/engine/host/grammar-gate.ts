/**
 * A grammar of llama.cpp as a gate for the sampler, awake from the start or from a trigger text on.
 *
 * llama.cpp ends the process when it is told of a token that its grammar does not allow, so nothing is told to it that
 * was not asked about first. Triggers are found here and not by its regular expressions, which search the whole answer
 * again for every token.
 */
import type { Llama } from '../../llama/load-llama.js';
import { allocate, free, type NativeBlock } from '../../llama/native-memory.js';
import type { Pointer } from '../../llama/structs.js';
import type { GrammarConstraint } from '../engine.js';
import { EngineError } from '../engine-error.js';
import type { Candidates } from './candidates.js';
import type { TokenGate } from './sampler.js';
import type { Vocabulary } from './vocabulary.js';

/** Native arrays of candidates, shared by all grammars of a model. */
export interface CandidateMemory {
  /** Asks the grammar; afterwards `logits[i]` is -Infinity where it says no. */
  ask(grammar: Pointer, tokens: Int32Array, count: number, verdict: (index: number, allowed: boolean) => void): void;
  free(): void;
}

/** Bytes of `llama_token_data` (id, logit, p) and of `llama_token_data_array`. */
const entryBytes = 12;
const arrayBytes = 32;

export const createCandidateMemory = (llama: Llama, capacity: number): CandidateMemory => {
  const head = allocate(arrayBytes);
  const pointers = new BigUint64Array(head.buffer);
  let block: NativeBlock | null = null;
  let ids = new Int32Array(0);
  let floats = new Float32Array(0);
  const reserve = (count: number): void => {
    if (ids.length >= count * 3) return;
    if (block !== null) free(block);
    block = allocate(Math.min(capacity, Math.max(count, 512)) * entryBytes);
    ids = new Int32Array(block.buffer);
    floats = new Float32Array(block.buffer);
    pointers[0] = block.pointer;
  };
  return {
    ask(grammar, tokens, count, verdict) {
      reserve(count);
      for (let index = 0; index < count; index++) {
        ids[3 * index] = tokens[index]!;
        floats[3 * index + 1] = 0;
        floats[3 * index + 2] = 0;
      }
      pointers[1] = BigInt(count);
      pointers[2] = 0xffff_ffff_ffff_ffffn;
      pointers[3] = 0n;
      llama.llama_sampler_apply(grammar, head.pointer);
      for (let index = 0; index < count; index++) verdict(index, floats[3 * index + 1] !== -Infinity);
    },
    free() {
      if (block !== null) free(block);
      free(head);
    },
  };
};

export interface GrammarGateOptions {
  readonly llama: Llama;
  readonly vocabulary: Vocabulary;
  readonly memory: CandidateMemory;
}

/** Throws `invalid-grammar` where llama.cpp cannot read it. */
export const createGrammarGate = (constraint: GrammarConstraint, options: GrammarGateOptions): TokenGate => {
  const { llama, vocabulary, memory } = options;
  const root = constraint.root ?? 'root';
  const single = new Int32Array(1);

  const compile = (): Pointer => {
    const grammar = llama.llama_sampler_init_grammar(vocabulary.handle, constraint.gbnf, root);
    if (grammar === null)
      throw new EngineError('invalid-grammar', `Cannot use the grammar: llama.cpp cannot parse it from rule "${root}"`);
    return grammar;
  };
  const asks = (grammar: Pointer, token: number): boolean => {
    single[0] = token;
    let allowed = false;
    memory.ask(grammar, single, 1, (_, verdict) => {
      allowed = verdict;
    });
    return allowed;
  };

  const triggers = (constraint.lazyTriggers ?? [])
    .filter((text) => text !== '')
    .map((text) => Buffer.from(text).toString('latin1'));
  const longest = triggers.reduce((most, trigger) => Math.max(most, trigger.length), 0);
  /** End of the answer so far, one character for each byte. */
  let tail = '';
  // Compiled at once even if it sleeps, so that a bad grammar fails before the first token.
  let fresh: Pointer | null = compile();
  let awake: Pointer | null = null;
  if (triggers.length === 0) {
    awake = fresh;
    fresh = null;
  }
  /** What the last question about a sleeping grammar found out: this token would wake it, with this state. */
  let woken: { readonly token: number; readonly grammar: Pointer } | null = null;
  const forgetWoken = (): void => {
    if (woken !== null) llama.llama_sampler_free(woken.grammar);
    woken = null;
  };

  /** Where the earliest trigger starts in this text, or -1. */
  const triggered = (text: string): number => {
    let first = -1;
    for (const trigger of triggers) {
      const at = text.indexOf(trigger);
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    return first;
  };

  /** A grammar that has read these bytes, or null where it does not allow them. */
  const readBytes = (text: string): Pointer | null => {
    const grammar = llama.llama_sampler_clone(fresh!);
    for (let index = 0; index < text.length; index++) {
      const token = vocabulary.byteToken(text.charCodeAt(index));
      if (token < 0 || !asks(grammar, token)) {
        llama.llama_sampler_free(grammar);
        return null;
      }
      llama.llama_sampler_accept(grammar, token);
    }
    return grammar;
  };

  const bytesOf = (token: number): string => Buffer.from(vocabulary.piece(token).bytes).toString('latin1');

  /** May this token follow while the grammar sleeps? Not where it would wake it with a text that it does not allow. */
  const allowsAsleep = (token: number): boolean => {
    forgetWoken();
    const text = tail + bytesOf(token);
    const at = triggered(text);
    if (at < 0) return true;
    const grammar = readBytes(text.slice(at));
    if (grammar === null) return false;
    woken = { token, grammar };
    return true;
  };

  return {
    get active() {
      return awake !== null;
    },
    allows: (token) => (awake === null ? allowsAsleep(token) : asks(awake, token)),
    filter(candidates: Candidates) {
      const { tokens, logits, count } = candidates;
      let kept = 0;
      const keep = (index: number): void => {
        tokens[kept] = tokens[index]!;
        logits[kept++] = logits[index]!;
      };
      if (awake === null) {
        for (let index = 0; index < count; index++) if (allowsAsleep(tokens[index]!)) keep(index);
        forgetWoken();
      } else
        memory.ask(awake, tokens, count, (index, allowed) => {
          if (allowed) keep(index);
        });
      candidates.count = kept;
    },
    accept(token) {
      if (awake !== null) {
        if (!vocabulary.piece(token).endOfGeneration) llama.llama_sampler_accept(awake, token);
        return;
      }
      if (woken?.token !== token) allowsAsleep(token);
      if (woken !== null) {
        awake = woken.grammar;
        woken = null;
        return;
      }
      tail = (tail + bytesOf(token)).slice(-Math.max(longest - 1, 0) || Infinity);
      if (longest <= 1) tail = '';
    },
    free() {
      forgetWoken();
      if (awake !== null) llama.llama_sampler_free(awake);
      if (fresh !== null) llama.llama_sampler_free(fresh);
      awake = null;
      fresh = null;
    },
  };
};
