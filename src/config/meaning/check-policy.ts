/** Policies, and settings of the ledger, that contradict themselves or cannot work. */
import { reaches } from '../../route/reach.js';
import { errorAt, type Finding, warningAt } from '../config-path.js';
import type { ConfigFile } from '../config-schema.js';
import { defaults } from '../defaults.js';

type Policy = NonNullable<ConfigFile['policy']>;

const checkReach = (policy: Policy): Finding[] => {
  const { maxReach = defaults.policy.maxReach, reach } = policy;
  const findings: Finding[] = [];
  if (reach !== undefined && !reaches(maxReach, reach))
    findings.push(errorAt(['policy', 'reach'], `${reach} is beyond policy.maxReach, which is ${maxReach}`));
  for (const section of ['apps', 'keys'] as const)
    for (const [name, rule] of Object.entries(policy[section] ?? {}))
      if (!reaches(maxReach, rule.reach))
        findings.push(
          warningAt(
            ['policy', section, name, 'reach'],
            `${rule.reach} is beyond policy.maxReach, which is ${maxReach} and holds`,
          ),
        );
  return findings;
};

const checkTimes = ({ timeouts = {}, hedgeAfterMs }: Policy): Finding[] => {
  const { firstTokenMs, stallMs, totalMs = defaults.policy.timeouts.totalMs } = timeouts;
  const findings: Finding[] = [];
  for (const [name, ms] of Object.entries({ firstTokenMs, stallMs }))
    if (ms !== undefined && ms > totalMs)
      findings.push(errorAt(['policy', 'timeouts', name], `${ms} ms is longer than totalMs, which is ${totalMs} ms`));
  const firstMs = Math.min(firstTokenMs ?? defaults.policy.timeouts.firstTokenMs, totalMs);
  if (hedgeAfterMs != null && hedgeAfterMs >= firstMs)
    findings.push(
      warningAt(['policy', 'hedgeAfterMs'], `never happens: after ${firstMs} ms without a token the first try is over`),
    );
  return findings;
};

const checkRules = ({ redaction: { rules = [] } = {} }: Policy): Finding[] => {
  const seen = new Set<string>();
  return rules.flatMap(({ name, pattern }, index) => {
    const at = ['policy', 'redaction', 'rules', index];
    const findings: Finding[] = [];
    if (seen.has(name)) findings.push(errorAt([...at, 'name'], `there is another rule called "${name}"`));
    seen.add(name);
    try {
      if (new RegExp(pattern, 'u').test(''))
        findings.push(errorAt([...at, 'pattern'], 'matches empty text, so it would match everywhere'));
    } catch (error) {
      findings.push(errorAt([...at, 'pattern'], error instanceof Error ? error.message : String(error)));
    }
    return findings;
  });
};

const ledgerSchemes = ['sqlite:', 'file:', 'postgres:', 'postgresql:'];

const checkLedger = ({ ledger = {} }: ConfigFile): Finding[] => {
  const { url = null } = ledger;
  if (url === null || ledgerSchemes.some((scheme) => url.toLowerCase().startsWith(scheme))) return [];
  // Never the URL itself: it may hold a password.
  return [errorAt(['ledger', 'url'], `expected a URL that begins with one of ${ledgerSchemes.join(' ')}`)];
};

export const checkPolicy = (file: ConfigFile): Finding[] => {
  const { policy = {} } = file;
  return [...checkReach(policy), ...checkTimes(policy), ...checkRules(policy), ...checkLedger(file)];
};
