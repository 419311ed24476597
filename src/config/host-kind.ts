/**
 * Where a URL's host is, as far as its name alone tells: on this machine, on a network of one's own, on the internet, or
 * at a provider that everybody knows. Resolves no name.
 */
import { BlockList, isIP } from 'node:net';

export type HostKind = 'loopback' | 'local' | 'public' | 'provider';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Private use, link-local, shared by carriers (RFC 1918, 3927, 6598, 4193, 4291). */
const local = new BlockList();
local.addSubnet('10.0.0.0', 8, 'ipv4');
local.addSubnet('172.16.0.0', 12, 'ipv4');
local.addSubnet('192.168.0.0', 16, 'ipv4');
local.addSubnet('169.254.0.0', 16, 'ipv4');
local.addSubnet('100.64.0.0', 10, 'ipv4');
local.addSubnet('fc00::', 7, 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');

/** Names that no public resolver answers (RFC 6761, 6762, 8375; `internal` is reserved by ICANN), or that routers use. */
const localSuffixes = [
  '.localhost',
  '.local',
  '.internal',
  '.home.arpa',
  '.lan',
  '.intranet',
  '.corp',
  '.home',
  '.svc',
  '.test',
];

const providers = [
  'api.openai.com',
  'openai.azure.com',
  'api.anthropic.com',
  'generativelanguage.googleapis.com',
  'aiplatform.googleapis.com',
  'api.mistral.ai',
  'openrouter.ai',
  'api.groq.com',
  'api.together.xyz',
  'api.deepseek.com',
  'api.x.ai',
  'api.cohere.com',
  'api.fireworks.ai',
];

const isUnder = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** `hostname` as `URL` gives it: lower case, IPv6 in brackets. */
export const hostKind = (hostname: string): HostKind => {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const version = isIP(host);
  if (version !== 0) {
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (loopback.check(host, family)) return 'loopback';
    return local.check(host, family) ? 'local' : 'public';
  }
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback';
  if (providers.some((domain) => isUnder(host, domain))) return 'provider';
  return !host.includes('.') || localSuffixes.some((suffix) => host.endsWith(suffix)) ? 'local' : 'public';
};
