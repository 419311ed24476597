/**
 * The question whether one request may go to a third party, put to whoever sits at the terminal: to whom, what exactly,
 * for how much, until when. Nothing but a typed yes is one.
 *
 * The ledger keeps question and answer as it does for HTTP. Knows no gateway and no way of sending.
 */
import type { AskConsent } from '../gateway/consent-gate.js';
import type { ConsentQuestion } from '../gateway/gateway-error.js';
import type { Ledger } from '../ledger/ledger.js';
import { writeCount, writeUsd } from '../route/words.js';
import { formatBody, formatExactBody, type ShownSize } from './format-outgoing.js';
import { writeClock, writeRedactions } from './place-words.js';
import { textFor } from './terminal.js';
import type { Questioner } from './terminal-question.js';

export const writeWorstCost = (worstCostNanoUsd: number | null): string =>
  worstCostNanoUsd === null ? 'unknown: its price is not known' : `at most ${writeUsd(worstCostNanoUsd)}`;

/** Rows of the terminal that the question takes beside the request. */
const questionRows = 12;
const fewestRows = 6;

const printable = (text: string): string => textFor({ isTTY: true }, text);

export const formatQuestion = (question: ConsentQuestion, size: ShownSize): string => {
  const { provider, model, method, url, body, redactions, scope, expiresMs } = question;
  const bytes = `${writeCount(Buffer.byteLength(body))} bytes`;
  const until = `until ${writeClock(expiresMs)}`;
  const holds = scope === 'request' ? `for this request alone, ${until}` : `for all of this conversation, ${until}`;
  return `
${printable(`${model} at ${provider}`)} is a third party's. Nothing goes there without your yes to this:

  To     ${printable(`${method} ${url}`)}
  Holds  ${bytes}; ${printable(writeRedactions(redactions))}
  Costs  ${writeWorstCost(question.worstCostNanoUsd)}
  A yes  counts ${holds}

${formatBody(body, size)}

`;
};

const prompt = 'Send it? (y = yes, b = show the exact bytes, anything else = no) ';

const askPerson = async (question: ConsentQuestion, person: Questioner): Promise<boolean> => {
  const rows = Math.max(fewestRows, person.rows - questionRows);
  person.say(formatQuestion(question, { columns: person.columns, rows }));
  for (;;) {
    const answer = (await person.question(prompt))?.trim().toLowerCase() ?? '';
    if (answer !== 'b') return answer === 'y' || answer === 'yes';
    person.say(`\n${formatExactBody(question.body, person.columns)}\n  SHA-256 ${question.contentHash}\n\n`);
  }
};

export interface ConsentAsker {
  readonly ask: AskConsent;
  /** Of the last yes, where it counts for the rest of a conversation. */
  standingToken(): string | null;
}

export interface ConsentAskerOptions {
  /** Null: nobody can be asked. */
  readonly person: Questioner | null;
  readonly ledger: Pick<Ledger, 'answerConsent'>;
  /** `contentHash` of the one request that was said yes to beforehand; null for none. */
  readonly grantedHash: string | null;
}

export const createConsentAsker = ({ person, ledger, grantedHash }: ConsentAskerOptions): ConsentAsker => {
  let standing: string | null = null;
  const decide = async (question: ConsentQuestion): Promise<boolean | null> => {
    if (question.contentHash === grantedHash) return true;
    return person === null ? null : askPerson(question, person);
  };
  return {
    async ask(question) {
      const isGranted = await decide(question);
      if (isGranted === null) return { type: 'none' };
      const { token } = await ledger.answerConsent(question.id, isGranted, Date.now());
      if (token === null) return { type: 'no' };
      if (question.scope === 'conversation') standing = token;
      return { type: 'yes', token };
    },
    standingToken: () => standing,
  };
};
