/** The shape of `tiers`: this machine, servers of one's own, providers. */
import { Type } from '@sinclair/typebox';
import { defaultParallel, defaults } from '../defaults.js';
import { group, modelPattern, namePattern, oneOf, optionalGroup, positive } from './pieces.js';

const endpointName = Type.String({
  pattern: namePattern,
  description: 'Letters, digits, dots, hyphens; unique over private and third-party endpoints.',
});

const capabilities = {
  chat: Type.Optional(Type.Boolean()),
  completions: Type.Optional(Type.Boolean()),
  embeddings: Type.Optional(Type.Boolean()),
  tools: Type.Optional(Type.Boolean()),
  vision: Type.Optional(Type.Boolean()),
  audio: Type.Optional(Type.Boolean()),
  jsonSchema: Type.Optional(Type.Boolean()),
  logprobs: Type.Optional(Type.Boolean()),
};

const model = Type.Union([
  Type.String({ pattern: modelPattern }),
  group(
    {
      name: Type.String({ pattern: modelPattern, description: "The endpoint's name for the model." }),
      contextLength: Type.Optional(positive('Tokens of prompt and answer together; absent: tried.')),
      capabilities: optionalGroup('What it can do, where it differs from what is assumed.', capabilities),
    },
    { description: 'A model with what is known of it.' },
  ),
]);

const models = Type.Array(model, { minItems: 1, description: 'Models that may be asked for there.' });

const apiKey = Type.String({ minLength: 1, description: `Credential; take it from the environment: \${NAME}.` });

const privateEndpoint = group(
  {
    name: endpointName,
    url: Type.String({
      description: 'Base URL of an OpenAI-compatible server of your own, with /v1 where it has one.',
    }),
    models,
    apiKey: Type.Optional(apiKey),
    parallel: Type.Optional(positive('Requests that it runs at once.', { default: defaultParallel, maximum: 100_000 })),
  },
  { description: 'A server of your own.' },
);

export const thirdPartyKinds = ['openai', 'anthropic', 'gemini', 'mistral', 'openrouter', 'openai-compatible'] as const;

const thirdPartyEndpoint = group(
  {
    name: endpointName,
    kind: oneOf(thirdPartyKinds, { description: 'Whose API it speaks.' }),
    apiKey: Type.Optional(apiKey),
    url: Type.Optional(Type.String({ description: "Base URL; the provider's own where absent." })),
    models,
  },
  { description: 'Somebody else: content goes there after redaction and with consent only.' },
);

export const tiersSchema = optionalGroup('Where requests can run.', {
  device: optionalGroup('This machine.', {
    models: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'Names of local models, or paths of .gguf files; the first is the default.',
        default: defaults.device.models,
      }),
    ),
  }),
  private: Type.Optional(Type.Array(privateEndpoint, { description: 'Servers of your own.' })),
  thirdParty: Type.Optional(Type.Array(thirdPartyEndpoint, { description: 'Providers.' })),
});
