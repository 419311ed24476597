/** What would break: a fault without its line, a file that is silently not the one that holds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeFault } from './config-error.js';
import { loadConfig, readConfig } from './load-config.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const env = { KEY: 'secret' };
const faultsOf = async (path?: string): Promise<string[]> =>
  (await readConfig(path, { folder, env })).faults.map((fault) => describeFault(fault, 'f'));

describe('loadConfig', () => {
  it('without a file, everything stays on this device', async () => {
    const { path, config, warnings } = await loadConfig(undefined, { folder, env });
    expect(path).toBeNull();
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({ policy: { reach: 'device' }, tiers: { private: [], thirdParty: [] } });
  });

  it('finds YAML and JSON in the folder, and takes a path', async () => {
    write('spillway.config.yaml', 'policy: { reach: private }\n');
    expect((await loadConfig(undefined, { folder, env })).config.policy.reach).toBe('private');
    write('other.json', '\uFEFF{"policy": {"retries": 7}}');
    expect((await loadConfig('other.json', { folder, env })).config.policy.retries).toBe(7);
    expect((await loadConfig(join(folder, 'other.json'))).config.policy.retries).toBe(7);
  });

  it('does not guess between two files', async () => {
    write('spillway.config.yaml', '');
    write('spillway.config.json', '{}');
    await expect(loadConfig(undefined, { folder })).rejects.toMatchObject({
      code: 'ambiguous',
      message: 'Cannot tell which configuration holds: spillway.config.yaml and spillway.config.json are both here.',
    });
  });

  it('says which file is missing, unreadable, or of a kind that it cannot load', async () => {
    await expect(loadConfig('nope.yaml', { folder })).rejects.toMatchObject({ code: 'not-found' });
    await expect(loadConfig('.', { folder })).rejects.toMatchObject({ code: 'unsupported' });
    write('spillway.config.toml', '');
    await expect(loadConfig('spillway.config.toml', { folder })).rejects.toThrow(/expected \.yaml, \.json or \.ts/);
  });

  it('throws every fault of a file that cannot be used', async () => {
    write('spillway.config.yaml', 'policy:\n  reach: everywhere\n  retries: -1\n');
    const failure = loadConfig(undefined, { folder, env });
    await expect(failure).rejects.toMatchObject({ code: 'invalid', faults: [{ line: 2 }, { line: 3 }] });
    await expect(failure).rejects.toThrow(/config\.yaml:2: policy\.reach: .*\n.*config\.yaml:3: policy\.retries: /);
  });

  const strips = 'typescript' in process.features && process.features.typescript !== false;
  it.runIf(strips)('loads TypeScript where Node strips types', async () => {
    write('spillway.config.ts', "const reach: string = 'private';\nexport default { policy: { reach } };\n");
    expect((await loadConfig(undefined, { folder, env })).config.policy.reach).toBe('private');
  });
  it.skipIf(strips)('says what it takes to load TypeScript where Node does not strip types', async () => {
    write('spillway.config.ts', 'export default {};\n');
    await expect(loadConfig(undefined, { folder, env })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(
        /does not strip types, 22\.18 and later does; or write it as YAML or JSON/,
      ) as string,
    });
  });
});

describe('lines', () => {
  it('of values, keys, list entries, what stands behind an anchor, and what is missing', async () => {
    write(
      'spillway.config.yaml',
      `tiers:
  private:
    - &rack
      name: rack
      url: nowhere
      models: [m]
    - name: shelf
      models:
        - m
        - 3
policy:
  timeouts:
    stalMs: 5
`,
    );
    expect(await faultsOf()).toEqual([
      'f:7: tiers.private[1].url: missing; expected text',
      'f:10: tiers.private[1].models[1]: expected text or settings by name, got 3',
      'f:13: policy.timeouts.stalMs: unknown; did you mean stallMs?',
    ]);
    write('spillway.config.yaml', 'tiers:\n  private:\n    - &r { name: rack, url: nowhere, models: [m] }\n    - *r\n');
    expect(await faultsOf()).toContain('f:3: tiers.private[1].url: not a URL; expected one such as https://host/v1');
  });

  it('of broken YAML and JSON', async () => {
    write('a.yaml', 'policy:\n  reach: device\n  reach: private\n');
    expect(await faultsOf('a.yaml')).toEqual(['f:3: Map keys must be unique']);
    write('b.yaml', 'policy: [\n');
    expect(await faultsOf('b.yaml')).toHaveLength(1);
    write('c.json', '{\n  "policy": {},\n}');
    expect((await faultsOf('c.json'))[0]).toMatch(/^f(:3)?: not JSON: /);
    write('d.json', 'policy: {}');
    expect((await faultsOf('d.json'))[0]).toMatch(/not JSON/);
  });

  it('refuses a tree that holds itself, or a bomb of anchors', async () => {
    write('a.yaml', 'a: &x { b: *x }\n');
    expect(await faultsOf('a.yaml')).toEqual(['f: nested deeper than 32 levels, or without end']);
    const rows = Array.from({ length: 12 }, (_, n) => `k${n + 1}: &k${n + 1} [${Array(9).fill(`*k${n}`).join(', ')}]`);
    write('b.yaml', `k0: &k0 [x]\n${rows.join('\n')}\n`);
    expect((await faultsOf('b.yaml'))[0]).toMatch(/alias/i);
  });

  it('takes sections without anything in them as absent, and values without anything as faults', async () => {
    write('a.yaml', 'tiers:\n  private:\n  thirdParty:\npolicy:\naliases:\nserver:\n  port:\n');
    expect(await faultsOf('a.yaml')).toEqual([
      'f:7: server.port: expected a whole number from 0 to 65,535, got nothing',
    ]);
    write('b.yaml', '- a list\n');
    expect(await faultsOf('b.yaml')).toEqual(['f:1: expected settings by name, got a list']);
  });
});
