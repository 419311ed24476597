import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The sources; tests run from `dist/src/tiers/remote`. */
const sources = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', 'src');

const importersOf = (name: RegExp): string[] =>
  readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
    .filter((path) => name.test(readFileSync(join(sources, path), 'utf8')))
    .map((path) => relative('.', path).replaceAll('\\', '/'))
    .sort();

describe('what opens connections and what makes requests to third parties', () => {
  it('is used by the two tiers alone, after their gates', () => {
    expect(importersOf(/from '.*\/remote-transport\.js'/)).toEqual([
      'tiers/private/private-tier.ts',
      'tiers/third-party/third-party-transport.ts',
    ]);
    expect(importersOf(/from '.*\/(answer-stream|collect-body)\.js'/)).toEqual(['tiers/remote/remote-transport.ts']);
    expect(importersOf(/from 'undici'/).every((path) => path.startsWith('tiers/remote/'))).toBe(true);
  });

  it('makes outgoing requests in one place, out of redacted ones', () => {
    expect(importersOf(/\bmakeOutgoing\b/)).toEqual([
      'tiers/third-party/outgoing-request.ts',
      'tiers/third-party/third-party-transport.ts',
    ]);
    expect(importersOf(/\breadRedacted\b/)).toEqual([
      'tiers/third-party/redacted-request.ts',
      'tiers/third-party/third-party-transport.ts',
    ]);
    expect(importersOf(/\breadApproved\b/)).toEqual([
      'tiers/third-party/approved-request.ts',
      'tiers/third-party/third-party-transport.ts',
    ]);
  });
});
