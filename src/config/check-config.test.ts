/** What would break: a configuration that means something else than its author thinks, and is used all the same. */
import { describe, expect, it } from 'vitest';
import { checkConfigTree } from './check-config.js';
import { type ConfigPath, isRecord, writePath } from './config-path.js';
import { sampleConfigFile, sampleEnv } from './sample-config.test-support.js';

const day = '2026-11-27';
const check = (tree: unknown, env: Record<string, string> = sampleEnv) => checkConfigTree(tree, { env, day });

/** The sample with a value put at a place; undefined takes it away. */
const sampleWith = (path: ConfigPath, value: unknown): unknown => {
  const tree: unknown = sampleConfigFile();
  let node = tree as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) node = node[part] as Record<string | number, unknown>;
  if (value === undefined) delete node[path.at(-1)!];
  else node[path.at(-1)!] = value;
  return tree;
};

const told = (tree: unknown): string[] =>
  check(tree).findings.map(({ at, message, severity }) => `${severity} ${writePath(at)}: ${message}`);

describe('a good configuration', () => {
  it('is used as it stands, with credentials from the environment', () => {
    const { config, findings } = check(sampleConfigFile());
    expect(findings).toEqual([]);
    expect(config).toMatchObject({
      tiers: {
        private: [{ url: 'http://rack.internal:8000/v1', apiKey: 'rack-secret', parallel: 16 }],
        thirdParty: [
          { kind: 'openai', url: null, apiKey: 'openai-secret' },
          { url: 'https://llm.example.com/v1', apiKey: null },
        ],
      },
      policy: { reach: 'private', consent: { scope: 'conversation', ttlMinutes: 5 } },
      budgets: [
        { key: 'app one', app: null, perMonthNanoUsd: 50_000_000_000, perMonthTokens: null },
        { key: null, app: 'payroll', perMonthNanoUsd: null, perMonthTokens: 1_000 },
        { key: null, app: null, perMonthNanoUsd: 100_000_000 },
      ],
      server: { host: '0.0.0.0', port: 9000, workers: 2 },
    });
    const [plain, vision] = config!.tiers.private[0]!.models;
    expect(plain).toMatchObject({
      name: 'qwen3-32b',
      capabilities: { vision: false, contextLength: null, tools: true },
    });
    expect(vision).toMatchObject({ name: 'qwen3-vl', capabilities: { vision: true, contextLength: 32_768 } });
  });

  it('that is empty keeps everything on this device', () => {
    const { config } = check({});
    expect(config).toMatchObject({
      tiers: { device: { models: ['pocket'] }, private: [], thirdParty: [] },
      policy: { reach: 'device', retries: 2, hedgeAfterMs: null, consent: { scope: 'request', ttlMinutes: 10 } },
      cache: { enabled: false },
      server: { host: '127.0.0.1', port: 8080, workers: 1 },
    });
  });

  it('a short total time shortens the others that were not given', () => {
    const { config } = check({ policy: { timeouts: { totalMs: 3_000 } } });
    expect(config!.policy.timeouts).toEqual({ firstTokenMs: 3_000, stallMs: 3_000, totalMs: 3_000 });
  });
});

describe('faults', () => {
  const rack = ['tiers', 'private', 0] as const;
  const openai = ['tiers', 'thirdParty', 0] as const;

  it.each<[ConfigPath, unknown, string]>([
    [['policy', 'timeouts', 'firstTokenMS'], 5, 'policy.timeouts.firstTokenMS: unknown; did you mean firstTokenMs?'],
    [['tiers', 'third_party'], [], 'tiers.third_party: unknown; did you mean thirdParty?'],
    [['colour'], 1, 'colour: unknown'],
    [['policy', 'reach'], 'provider', 'policy.reach: expected one of device, private, third-party, got "provider"'],
    [
      ['policy', 'reach'],
      'devise',
      'policy.reach: expected one of device, private, third-party, got "devise"; did you mean device?',
    ],
    [['policy', 'retries'], 2.5, 'policy.retries: expected a whole number from 0 to 10, got 2.5'],
    [
      ['policy', 'hedgeAfterMs'],
      'soon',
      'policy.hedgeAfterMs: expected a whole number of at least 1 or null, got "soon"',
    ],
    [['server', 'port'], 70_000, 'server.port: expected a whole number from 0 to 65,535, got 70000'],
    [['cache', 'enabled'], 'yes', 'cache.enabled: expected true or false, got "yes"'],
    [['aliases', 'smart'], [], 'aliases.smart: empty; expected at least one entry'],
    [
      ['aliases', 'two words'],
      ['auto'],
      'aliases["two words"]: not a name that can be used here: empty, too long, or with spaces in it',
    ],
    [[...rack, 'url'], undefined, 'tiers.private[0].url: missing; expected text'],
    [[...rack, 'models', 1], 7, 'tiers.private[0].models[1]: expected text or settings by name, got 7'],
    [
      [...rack, 'name'],
      'my rack',
      'tiers.private[0].name: expected letters, digits, dots and hyphens, 64 at most, got "my rack"',
    ],
    [[...rack, 'apiKey'], 12_345, 'tiers.private[0].apiKey: expected text, got a whole number; put it in quotes'],
    [[...rack, 'url'], 'rack:8000', 'tiers.private[0].url: expected a URL that begins with http:// or https://'],
    [[...rack, 'url'], 'rack', 'tiers.private[0].url: not a URL; expected one such as https://host/v1'],
    [[...rack, 'url'], 'http://u:p@rack/v1', 'tiers.private[0].url: holds a user or password; use apiKey'],
    [[...rack, 'url'], 'http://rack/v1?x=1', 'tiers.private[0].url: holds a query or fragment; a base URL has neither'],
    [
      [...rack, 'url'],
      'https://api.openai.com/v1',
      'tiers.private[0].url: api.openai.com is a third party; put it under tiers.thirdParty, where content needs consent',
    ],
    [
      [...rack, 'name'],
      'openai',
      'tiers.thirdParty[0].name: there is another endpoint called "openai"; names must be unique',
    ],
    [[...rack, 'name'], 'device', 'tiers.private[0].name: "device" is the name of this machine; choose another one'],
    [
      [...rack, 'models', 1],
      'qwen3-32b',
      'tiers.private[0].models[1]: there is another model at the same place called "qwen3-32b"; names must be unique',
    ],
    [
      [...rack, 'models', 1],
      'auto',
      'tiers.private[0].models[1]: "auto" stands for every model; a model cannot be called so',
    ],
    [
      [...openai, 'url'],
      'http://llm.example.com/v1',
      'tiers.thirdParty[0].url: http:// is not encrypted; a third party must be reached by https://',
    ],
    [
      [...openai, 'kind'],
      'opnai',
      'tiers.thirdParty[0].kind: expected one of openai, anthropic, gemini, mistral, openrouter, openai-compatible, got "opnai"; did you mean openai?',
    ],
    [[...openai, 'apiKey'], undefined, 'tiers.thirdParty[0].apiKey: missing; openai answers nobody without one'],
    [
      ['tiers', 'thirdParty', 1, 'url'],
      undefined,
      'tiers.thirdParty[1].url: missing; openai-compatible has no URL of its own',
    ],
    [
      ['aliases', 'smart', 0],
      'qwen3-32',
      'aliases.smart[0]: no model or alias is called "qwen3-32"; did you mean qwen3-32b?',
    ],
    [['aliases', 'smart', 0], 'any', 'aliases.smart: leads back to itself: smart -> any -> smart'],
    [['aliases', 'smart', 0], 'smart', 'aliases.smart: leads back to itself: smart -> smart'],
    [['aliases', 'pocket'], ['auto'], `aliases.pocket: "pocket" is a model's name, which the alias would hide`],
    [['aliases', 'auto'], ['pocket'], 'aliases.auto: "auto" stands for every model; call the alias something else'],
    [['policy', 'maxReach'], 'device', 'policy.reach: private is beyond policy.maxReach, which is device'],
    [
      ['policy', 'timeouts', 'stallMs'],
      130_000,
      'policy.timeouts.stallMs: 130000 ms is longer than totalMs, which is 120000 ms',
    ],
    [
      ['policy', 'redaction', 'rules', 0, 'pattern'],
      'x*',
      'policy.redaction.rules[0].pattern: matches empty text, so it would match everywhere',
    ],
    [
      ['policy', 'redaction', 'rules', 0, 'pattern'],
      '(',
      'policy.redaction.rules[0].pattern: Invalid regular expression: /(/u: Unterminated group',
    ],
    [['budgets', 0, 'app'], 'payroll', 'budgets[0]: holds for a key and an app at once; write one entry for each'],
    [['budgets', 1], { app: 'x' }, 'budgets[1]: sets no limit; give perMonthUsd or perMonthTokens'],
    [['budgets', 2, 'app'], 'payroll', 'budgets[2]: there is another entry for app "payroll"; write them as one'],
    [['rateLimits', 0], { key: 'k' }, 'rateLimits[0]: sets no limit; give requestsPerMinute or tokensPerMinute'],
    [
      ['ledger', 'url'],
      'mysql://u:secret@db',
      'ledger.url: expected a URL that begins with one of sqlite: file: postgres: postgresql:',
    ],
  ])('%j = %j', (path, value, message) => {
    const tree = sampleWith(path, value);
    expect(told(tree)).toContain(`error ${message}`);
    expect(check(tree).config).toBeNull();
  });

  it('are all told at once, not one after the other', () => {
    expect(told({ policy: { reach: 'x', retries: -1, nope: 1 }, tiers: { private: [{ name: 'a' }] } })).toHaveLength(5);
  });

  it('budgets may be for keys that do not exist yet', () => {
    expect(told({ budgets: [{ key: 'tomorrow', perMonthUsd: 1 }] })).toEqual([]);
  });

  it('a third party on this machine may be reached without TLS', () => {
    const tiers = {
      thirdParty: [
        { name: 't', kind: 'openai', apiKey: `\${RACK_KEY}`, url: 'http://127.0.0.1:9/v1', models: ['gpt-5'] },
      ],
    };
    expect(told({ tiers })).toEqual([]);
  });
});

describe('warnings', () => {
  it.each<[ConfigPath, unknown, RegExp]>([
    [
      ['tiers', 'private', 0, 'url'],
      'http://llm.example.com/v1',
      /^warning tiers\.private\[0\]\.url: llm\.example\.com looks like a host on the internet.*, and unencrypted; /,
    ],
    [
      ['tiers', 'private', 0, 'apiKey'],
      'sk-live',
      /^warning tiers\.private\[0\]\.apiKey: is written into the file; keep credentials/,
    ],
    [
      ['tiers', 'thirdParty', 0, 'models'],
      ['gpt-4o-mini', 'gpt-99'],
      /^warning tiers\.thirdParty\[0\]\.models\[1\]: no price is known for "gpt-99"/,
    ],
    [
      ['prices', 'gpt4o-mini'],
      { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
      /^warning prices\["?gpt4o-mini"?\]|^warning prices\.gpt4o-mini: no configured model has this name; did you mean gpt-4o-mini\?/,
    ],
    [['policy', 'hedgeAfterMs'], 8_000, /^warning policy\.hedgeAfterMs: never happens/],
  ])('%j = %j', (path, value, message) => {
    const tree = sampleWith(path, value);
    expect(told(tree).some((line) => message.test(line))).toBe(true);
    expect(check(tree).config).not.toBeNull();
  });
});

describe('the environment', () => {
  it('a variable that is missing or empty is one fault, with its name and place', () => {
    const { findings, config } = check(sampleConfigFile(), { RACK_KEY: '' });
    expect(config).toBeNull();
    expect(findings.map(({ at, message }) => `${writePath(at)}: ${message}`)).toEqual([
      'tiers.private[0].apiKey: the variable RACK_KEY is empty in the environment',
      'tiers.thirdParty[0].apiKey: the variable OPENAI_KEY is not set in the environment',
    ]);
  });

  it('credentials never stand in a message, wherever they were put', () => {
    const env = { RACK_KEY: 'hunter2hunter2', OPENAI_KEY: 'hunter2hunter2' };
    const places: ConfigPath[] = [
      ['tiers', 'private', 0, 'url'],
      ['tiers', 'thirdParty', 1, 'url'],
      ['ledger', 'url'],
      ['policy', 'reach'],
      ['policy', 'retries'],
      ['policy', 'consent', 'scope'],
      ['tiers', 'thirdParty', 0, 'kind'],
      ['server', 'port'],
    ];
    for (const place of places)
      for (const text of [`\${RACK_KEY}`, `https://u:\${RACK_KEY}@host/`, `postgres2://u:\${RACK_KEY}@host/`])
        expect(JSON.stringify(check(sampleWith(place, text), env).findings)).not.toContain('hunter2');
  });

  it('every section may be left out', () => {
    const file = sampleConfigFile() as Record<string, unknown>;
    for (const section of Object.keys(file)) {
      const { [section]: _, ...rest } = file;
      const errors = check(rest).findings.filter(({ severity, at }) => severity === 'error' && at[0] !== 'aliases');
      expect(errors, section).toEqual([]);
    }
    expect(isRecord(file)).toBe(true);
  });
});
