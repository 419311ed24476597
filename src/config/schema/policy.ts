/** The shape of `policy`: what requests may do, and what holds them. */
import { Type } from '@sinclair/typebox';
import { defaults } from '../defaults.js';
import { dictionary, group, labelPattern, namePattern, oneOf, optionalGroup, positive, reach } from './pieces.js';

const reachRules = (description: string) =>
  Type.Optional(
    dictionary(
      labelPattern,
      group({ reach: reach('The furthest tier that its requests may go to.') }, { description: 'Rules for one name.' }),
      { description },
    ),
  );

const word = Type.String({ pattern: labelPattern });

export const policySchema = optionalGroup('What requests may do.', {
  reach: Type.Optional({ ...reach('For requests that say nothing about it.'), default: defaults.policy.reach }),
  maxReach: Type.Optional({
    ...reach('The furthest that any request may go, whatever it says.'),
    default: defaults.policy.maxReach,
  }),
  apps: reachRules('By app; the strictest of all rules for a request wins.'),
  keys: reachRules('By name of the API key; the strictest of all rules for a request wins.'),
  confidenceLine: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      default: defaults.policy.confidenceLine,
      description: 'The embedded model is believed from this confidence on; below it the request goes on.',
    }),
  ),
  timeouts: optionalGroup('In milliseconds.', {
    firstTokenMs: Type.Optional(positive('To the first token.', { default: defaults.policy.timeouts.firstTokenMs })),
    stallMs: Type.Optional(positive('Between two pieces of an answer.', { default: defaults.policy.timeouts.stallMs })),
    totalMs: Type.Optional(positive('For the whole request.', { default: defaults.policy.timeouts.totalMs })),
  }),
  retries: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 10,
      default: defaults.policy.retries,
      description: 'Further tries at the same place, before anything of the answer went out.',
    }),
  ),
  hedgeAfterMs: Type.Optional(
    Type.Union([positive('Milliseconds without a token.'), Type.Null()], {
      default: defaults.policy.hedgeAfterMs,
      description: 'Start the next own machine beside the first when no token came after this long; null: never.',
    }),
  ),
  consent: optionalGroup("What a person's yes to a third party holds for.", {
    scope: Type.Optional(
      oneOf<'request' | 'conversation'>(['request', 'conversation'], {
        default: defaults.policy.consent.scope,
        description: 'One request, or every further one of the same conversation.',
      }),
    ),
    ttlMinutes: Type.Optional(
      positive('How long it can be given and used.', { default: defaults.policy.consent.ttlMinutes, maximum: 10_080 }),
    ),
  }),
  redaction: optionalGroup('What is replaced before anything goes to a third party, besides what always is.', {
    rules: Type.Optional(
      Type.Array(
        group(
          {
            name: Type.String({ pattern: namePattern, description: 'Stands in the placeholder.' }),
            pattern: Type.String({ minLength: 1, description: 'JavaScript regular expression, with the flag u.' }),
          },
          { description: 'What the expression matches is replaced.' },
        ),
        { description: 'Own expressions.' },
      ),
    ),
    names: Type.Optional(Type.Array(word, { description: 'Names of people and things.' })),
    places: Type.Optional(Type.Array(word, { description: 'Names of places.' })),
    allowMedia: Type.Optional(
      Type.Boolean({
        default: defaults.policy.redaction.allowMedia,
        description: 'Let images and audio go out, in which nothing can be replaced.',
      }),
    ),
  }),
});
