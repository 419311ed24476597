/** What would break: a hint that misleads, a server on the internet taken for one's own. */
import { describe, expect, it } from 'vitest';
import { hostKind } from './host-kind.js';
import { nearestName } from './nearest-name.js';

describe('nearestName', () => {
  it.each([
    ['firstTokenMS', 'firstTokenMs'],
    ['third_party', 'thirdParty'],
    ['retires', 'retries'],
    ['gpt-4o-mni', 'gpt-4o-mini'],
    ['rate-limits', 'rateLimits'],
  ])('%s is near %s', (written, meant) => {
    const known = ['retries', 'firstTokenMs', 'thirdParty', 'gpt-4o-mini', 'rateLimits', 'reach'];
    expect(nearestName(written, known)).toBe(meant);
  });

  it('has no hint for what is like nothing', () => {
    expect(nearestName('colour', ['retries', 'reach'])).toBeNull();
    expect(nearestName('x', [])).toBeNull();
    expect(nearestName('y'.repeat(10_000), ['retries'])).toBeNull();
  });
});

describe('hostKind', () => {
  it.each([
    ['localhost', 'loopback'],
    ['127.9.9.9', 'loopback'],
    ['[::1]', 'loopback'],
    ['rack', 'local'],
    ['rack.internal', 'local'],
    ['rack.home.arpa', 'local'],
    ['10.1.2.3', 'local'],
    ['172.31.0.1', 'local'],
    ['172.32.0.1', 'public'],
    ['192.168.0.7', 'local'],
    ['[fd12::1]', 'local'],
    ['[::ffff:8.8.8.8]', 'public'],
    ['[2001:db8::1]', 'public'],
    ['8.8.8.8', 'public'],
    ['llm.example.com', 'public'],
    ['api.openai.com', 'provider'],
    ['api.openai.com.', 'provider'],
    ['mine.openai.azure.com', 'provider'],
    ['notapi.openai.com.example.org', 'public'],
  ])('%s is %s', (host, kind) => {
    expect(hostKind(new URL(`http://${host}/`).hostname)).toBe(kind);
  });
});
