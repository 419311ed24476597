/**
 * A guess at names that nobody listed: capitalised words after a title or a phrase that introduces somebody, and two or
 * more of them in a row inside a sentence.
 *
 * Off unless the rules ask for it: it takes "New York Times" for a person.
 */
import { isWordBoundary } from './characters.js';
import { type Detector, type Finding, hasCue } from './scan-text.js';

const introduction =
  /(?:\b(?:mr|mrs|ms|miss|dr|prof|sir|herrn?|frau|mme|mlle|monsieur|madame|sr|sra|signora?|dear|liebe[r]?|cher|chere|named|name is|i am|i'm|ich bin|je suis|signed|regards|sincerely)[.,:]?\s{1,2})$/;
const nameWord = /\p{Lu}(?:\p{Ll}|['-]\p{Lu}){1,30}/uy;
const maxWords = 4;

const endOfWord = (text: string, at: number): number => {
  nameWord.lastIndex = at;
  const found = nameWord.exec(text);
  return found !== null && isWordBoundary(text, at) && isWordBoundary(text, at + found[0].length)
    ? at + found[0].length
    : at;
};

const beginsSentence = (text: string, at: number): boolean =>
  /(?:^|[.!?:\n"]\s{0,3})$/.test(text.slice(Math.max(0, at - 4), at));

export const findCapitalizedNames: Detector = (scan) => {
  const { text } = scan;
  const findings: Finding[] = [];
  for (let at = 0; at < text.length; at++) {
    const first = endOfWord(text, at);
    scan.meter.steps++;
    if (first === at) continue;
    let end = first;
    let words = 1;
    for (let next = endOfWord(text, end + 1); text[end] === ' ' && next > end + 1 && words < maxWords; words++) {
      end = next;
      next = endOfWord(text, end + 1);
    }
    const isIntroduced = (start: number): boolean => hasCue(scan, { at: start, pattern: introduction });
    if (isIntroduced(at) || (words > 1 && !beginsSentence(text, at))) findings.push({ kind: 'name', start: at, end });
    // "Dear Grace" begins a sentence with a word that introduces the next.
    else if (words > 1 && isIntroduced(first + 1)) findings.push({ kind: 'name', start: first + 1, end });
    at = end - 1;
  }
  return findings;
};
