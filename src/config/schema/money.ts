/** The shapes of `budgets`, `rateLimits` and `prices`. */
import { Type } from '@sinclair/typebox';
import { dictionary, group, labelPattern, modelPattern, optionalGroup, positive } from './pieces.js';

const rates = {
  inputUsdPerMillion: Type.Number({ minimum: 0, maximum: 1_000_000, description: 'US dollars per million tokens.' }),
  outputUsdPerMillion: Type.Number({ minimum: 0, maximum: 1_000_000 }),
  cachedInputUsdPerMillion: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000 })),
  cacheWriteUsdPerMillion: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000 })),
};

const holder = {
  key: Type.Optional(Type.String({ pattern: labelPattern, description: 'Name of an API key.' })),
  app: Type.Optional(Type.String({ pattern: labelPattern, description: 'An app: all keys that carry its name.' })),
};

export const budgetsSchema = Type.Optional(
  Type.Array(
    group(
      {
        ...holder,
        perMonthUsd: Type.Optional(Type.Number({ minimum: 0, maximum: 9_000_000 })),
        perMonthTokens: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
      },
      { description: 'For a key, an app, or everything where neither is named.' },
    ),
    { description: 'What may be spent in a calendar month (UTC).' },
  ),
);

export const rateLimitsSchema = Type.Optional(
  Type.Array(
    group(
      {
        ...holder,
        requestsPerMinute: Type.Optional(positive('Requests.')),
        tokensPerMinute: Type.Optional(positive('Tokens of prompts and answers.')),
      },
      { description: 'For a key, an app, or everything where neither is named.' },
    ),
    { description: 'How much may be asked in a minute.' },
  ),
);

export const pricesSchema = Type.Optional(
  dictionary(
    modelPattern,
    group(
      {
        ...rates,
        longPrompt: optionalGroup('Rates of the whole request where its prompt is longer.', {
          overTokens: positive('Prompt tokens above which they hold.'),
          ...rates,
        }),
      },
      { description: 'Rates of one model.' },
    ),
    {
      description: 'By `model` or `endpoint/model`; in place of the built-in list. Own machines cost nothing without.',
    },
  ),
);
