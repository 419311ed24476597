/** A configuration file in which everything is set, for tests that change one thing about it. */

export const sampleConfigFile = () => ({
  tiers: {
    device: { models: ['pocket'] },
    private: [
      {
        name: 'rack',
        url: 'http://rack.internal:8000/v1',
        apiKey: `\${RACK_KEY}`,
        parallel: 16,
        models: ['qwen3-32b', { name: 'qwen3-vl', contextLength: 32_768, capabilities: { vision: true } }],
      },
    ],
    thirdParty: [
      { name: 'openai', kind: 'openai', apiKey: `\${OPENAI_KEY}`, models: ['gpt-4o-mini'] },
      { name: 'other', kind: 'openai-compatible', url: 'https://llm.example.com/v1', models: ['theirs'] },
    ],
  },
  aliases: { smart: ['qwen3-32b', 'openai/gpt-4o-mini'], any: ['smart', 'auto'] },
  policy: {
    reach: 'private',
    maxReach: 'third-party',
    apps: { payroll: { reach: 'device' } },
    keys: { 'app one': { reach: 'private' } },
    confidenceLine: 0.6,
    timeouts: { firstTokenMs: 8_000, stallMs: 5_000, totalMs: 120_000 },
    retries: 2,
    hedgeAfterMs: 1_500,
    consent: { scope: 'conversation', ttlMinutes: 5 },
    redaction: {
      rules: [{ name: 'ticket', pattern: 'T-\\d+' }],
      names: ['Heron'],
      places: ['Paris'],
      allowMedia: true,
    },
  },
  cache: { enabled: true, maxBytes: 1_000_000, ttlSeconds: 60 },
  budgets: [{ key: 'app one', perMonthUsd: 50 }, { app: 'payroll', perMonthTokens: 1_000 }, { perMonthUsd: 0.1 }],
  rateLimits: [{ key: 'app one', requestsPerMinute: 60, tokensPerMinute: 1_000 }],
  prices: {
    'other/theirs': {
      inputUsdPerMillion: 0.2,
      outputUsdPerMillion: 0.8,
      longPrompt: { overTokens: 1_000, inputUsdPerMillion: 0.4, outputUsdPerMillion: 1.6 },
    },
  },
  ledger: { url: 'sqlite:./spillway.db' },
  server: { host: '0.0.0.0', port: 9000, workers: 2 },
});

export const sampleEnv = { RACK_KEY: 'rack-secret', OPENAI_KEY: 'openai-secret' };
