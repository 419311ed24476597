/** Where content would go, and whether that is what the section says: URLs, providers, credentials. */
import { type ConfigPath, errorAt, type Finding, valueAt, warningAt } from '../config-path.js';
import type { ConfigFile } from '../config-schema.js';
import { hostKind } from '../host-kind.js';
import { hasReference } from '../substitute-env.js';

const parseUrl = (text: string, at: ConfigPath): { readonly url: URL | null; readonly findings: Finding[] } => {
  const refuse = (message: string) => ({ url: null, findings: [errorAt(at, message)] });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse('not a URL; expected one such as https://host/v1');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return refuse('expected a URL that begins with http:// or https://');
  if (url.username !== '' || url.password !== '') return refuse('holds a user or password; use apiKey');
  if (url.search !== '' || url.hash !== '') return refuse('holds a query or fragment; a base URL has neither');
  return { url, findings: [] };
};

const checkPrivateUrl = (text: string, at: ConfigPath): Finding[] => {
  const { url, findings } = parseUrl(text, at);
  if (url === null) return findings;
  const host = url.hostname;
  switch (hostKind(host)) {
    case 'provider':
      return [errorAt(at, `${host} is a third party; put it under tiers.thirdParty, where content needs consent`)];
    case 'public':
      return [
        warningAt(
          at,
          `${host} looks like a host on the internet: content goes there without consent and without redaction${
            url.protocol === 'http:' ? ', and unencrypted' : ''
          }; be sure that it is your own`,
        ),
      ];
    default:
      return [];
  }
};

const checkThirdPartyUrl = (text: string, at: ConfigPath): Finding[] => {
  const { url, findings } = parseUrl(text, at);
  if (url === null) return findings;
  return url.protocol === 'http:' && hostKind(url.hostname) !== 'loopback'
    ? [errorAt(at, 'http:// is not encrypted; a third party must be reached by https://')]
    : [];
};

/** `written` is the tree before the environment was filled in. */
export const checkEndpoints = ({ tiers = {} }: ConfigFile, written: unknown): Finding[] => {
  const checkKey = (at: ConfigPath): Finding[] => {
    const text = valueAt(written, at);
    return typeof text === 'string' && !hasReference(text)
      ? [warningAt(at, `is written into the file; keep credentials in the environment and write \${NAME}`)]
      : [];
  };
  const findings = (tiers.private ?? []).flatMap(({ url }, index) => {
    const at = ['tiers', 'private', index];
    return [...checkPrivateUrl(url, [...at, 'url']), ...checkKey([...at, 'apiKey'])];
  });
  for (const [index, { kind, url, apiKey }] of (tiers.thirdParty ?? []).entries()) {
    const at = ['tiers', 'thirdParty', index];
    if (url !== undefined) findings.push(...checkThirdPartyUrl(url, [...at, 'url']));
    else if (kind === 'openai-compatible')
      findings.push(errorAt([...at, 'url'], `missing; ${kind} has no URL of its own`));
    if (apiKey === undefined && kind !== 'openai-compatible')
      findings.push(errorAt([...at, 'apiKey'], `missing; ${kind} answers nobody without one`));
    findings.push(...checkKey([...at, 'apiKey']));
  }
  return findings;
};
