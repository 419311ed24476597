/** Digest and length of what an answer says: its texts, reasoning and calls, one after the other. */
import { createHash, hash } from 'node:crypto';
import type { ChatEvent } from '../tiers/tier.js';

/** Texts are hashed in pieces of about so many characters: a short answer in one go, which costs least. */
const pieceLength = 65_536;

export interface AnswerDigest {
  add(event: ChatEvent): void;
  /** UTF-8 bytes so far. */
  readonly bytes: number;
  /** `sha256:` and lower-case hex. Called once, at the end. */
  end(): string;
}

export const createAnswerDigest = (): AnswerDigest => {
  let pending = '';
  let hashed: ReturnType<typeof createHash> | null = null;
  let hashedBytes = 0;
  return {
    add(event) {
      if (event.type === 'text' || event.type === 'reasoning') pending += event.text;
      else if (event.type === 'tool-call') pending += `${event.name ?? ''}${event.argumentsDelta}`;
      else return;
      if (pending.length < pieceLength) return;
      // Half of a surrogate pair waits for the other half.
      const last = pending.charCodeAt(pending.length - 1);
      const end = last >= 0xd800 && last < 0xdc00 ? pending.length - 1 : pending.length;
      const bytes = Buffer.from(pending.slice(0, end));
      hashed ??= createHash('sha256');
      hashed.update(bytes);
      hashedBytes += bytes.length;
      pending = pending.slice(end);
    },
    get bytes() {
      return hashedBytes + Buffer.byteLength(pending);
    },
    end: () => `sha256:${hashed === null ? hash('sha256', pending) : hashed.update(pending).digest('hex')}`,
  };
};
