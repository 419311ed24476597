/**
 * The shape of `spillway.config.{yaml,json,ts}` as a schema: it is published as JSON Schema, files are checked against
 * it, and `ConfigFile` is its type. What a value means, and whether names fit each other, is not in here.
 */
import { type Static, Type } from '@sinclair/typebox';
import { defaults } from './defaults.js';
import { tiersSchema } from './schema/endpoints.js';
import { budgetsSchema, pricesSchema, rateLimitsSchema } from './schema/money.js';
import { dictionary, modelPattern, optionalGroup, positive } from './schema/pieces.js';
import { policySchema } from './schema/policy.js';

export const ConfigFileSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'Where editors find this schema.' })),
    tiers: tiersSchema,
    aliases: Type.Optional(
      dictionary(modelPattern, Type.Array(Type.String({ pattern: modelPattern }), { minItems: 1 }), {
        description: 'Names that stand for models, `endpoint/model`, aliases or `auto`, tried in order.',
      }),
    ),
    policy: policySchema,
    cache: optionalGroup('Answers to exactly the same request, kept by key and reach.', {
      enabled: Type.Optional(Type.Boolean({ default: defaults.cache.enabled })),
      maxBytes: Type.Optional(positive('Memory for all of them.', { default: defaults.cache.maxBytes })),
      ttlSeconds: Type.Optional(positive('How long one is kept.', { default: defaults.cache.ttlSeconds })),
    }),
    budgets: budgetsSchema,
    rateLimits: rateLimitsSchema,
    prices: pricesSchema,
    ledger: optionalGroup('Where usage, budgets, consents and keys are kept.', {
      url: Type.Optional(
        Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
          default: defaults.ledger.url,
          description: 'sqlite:FILE or postgresql://...; null: a SQLite file in the folder of Spillway.',
        }),
      ),
    }),
    server: optionalGroup('Where `spillway serve` listens.', {
      host: Type.Optional(Type.String({ minLength: 1, default: defaults.server.host })),
      port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, default: defaults.server.port })),
      workers: Type.Optional(positive('Processes.', { default: defaults.server.workers, maximum: 256 })),
    }),
  },
  { additionalProperties: false, description: 'Configuration of Spillway.' },
);

/** What a configuration file holds, after texts of the environment are filled in. */
export type ConfigFile = Static<typeof ConfigFileSchema>;

/** The published JSON Schema (draft 2020-12), as text with a line end. */
export const configJsonSchema = (): string => {
  const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'spillway.config' };
  return `${JSON.stringify({ ...head, ...ConfigFileSchema }, null, 2)}\n`;
};
