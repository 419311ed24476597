/** How far one request may go, out of the policy and of all that is said about it. Pure. */
import { type Reach, strictestReach } from '../route/reach.js';
import type { PolicyConfig } from './config.js';

const ruleOf = (
  rules: Readonly<Record<string, { readonly reach: Reach }>>,
  name: string | null | undefined,
): Reach | undefined => (name != null && Object.hasOwn(rules, name) ? rules[name]!.reach : undefined);

/**
 * The strictest of the policy's limit, the rules for the key and the app, the key's own reach, and what the request
 * asked for; `policy.reach` stands in for a request that asked for nothing.
 */
export const reachFor = (
  policy: Pick<PolicyConfig, 'reach' | 'maxReach' | 'apps' | 'keys'>,
  request: {
    readonly requested?: Reach | undefined;
    readonly keyName?: string | null | undefined;
    /** As stored with the key. */
    readonly keyReach?: Reach | null | undefined;
    readonly app?: string | null | undefined;
  },
): Reach =>
  strictestReach(
    policy.maxReach,
    ruleOf(policy.keys, request.keyName),
    ruleOf(policy.apps, request.app),
    request.keyReach ?? undefined,
    request.requested ?? policy.reach,
  );
