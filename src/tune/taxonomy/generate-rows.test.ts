// Rows keep their arguments through every paraphrase, and a folder with faults is refused with all of them.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { normalizeText } from '../../models/normalize-text.js';
import { createRng } from '../rng.js';
import { DEVICE_TOOLS } from './device-tools.js';
import { generateRows } from './generate-rows.js';
import { loadTaxonomy, TaxonomyError } from './load-taxonomy.js';
import { paraphrase } from './paraphrase.js';
import type { Segment } from './template.js';

const SHIPPED = fileURLToPath(new URL('../../../../models/pocket/taxonomy', import.meta.url));
let folder = '';
const write = (name: string, text: string): void => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taxonomy-'));
  write('slots.yaml', 'name: [bob, "my mom => mom"]\nmessage: ["i am late", "see you at {clock_said}"]\n');
  write(
    'tools/send_message.yaml',
    'tool: send_message\nkinds:\n  text:\n    - "text {to=name} [saying|that] {body=message}"\n    - { text: "send a text", weight: 0.2 }\n    - { text: "text bob and mom", args: null }\n',
  );
  write(
    'overflow/mail.yaml',
    'kinds:\n  email:\n    - "[read|check|open|show] my [new|unread|] emails [from {name}|]"\n',
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('generateRows', () => {
  it('balances kinds by weight, repeats no text and gives the same rows for the same seed', () => {
    const taxonomy = loadTaxonomy(folder);
    const options = { rows: 120, seed: 7, overflowShare: 0.25 };
    const rows = generateRows(taxonomy, options);
    expect(rows.filter(({ kind }) => kind === 'text')).toHaveLength(90);
    expect(rows.filter(({ tool }) => tool === null)).toHaveLength(30);
    expect(new Set(rows.map(({ text }) => text)).size).toBe(rows.length);
    expect(generateRows(taxonomy, options)).toEqual(rows);
    expect(generateRows(taxonomy, { ...options, seed: 8 })).not.toEqual(rows);
    expect(generateRows(taxonomy, { ...options, kindWeights: { email: 0 } }).some(({ kind }) => kind === 'email')).toBe(
      false,
    );
  });

  it('gives a kind with few texts fewer rows and still ends', () => {
    write('tools/send_message.yaml', 'kinds:\n  text: ["send a text"]\n');
    expect(
      generateRows(loadTaxonomy(folder), { rows: 10, seed: 1, overflowShare: 0, paraphraseStrength: 0 }),
    ).toHaveLength(1);
  });

  it('keeps unknown arguments unknown', () => {
    const rows = generateRows(loadTaxonomy(folder), { rows: 400, seed: 1 });
    expect(rows.some(({ args, tool }) => tool === 'send_message' && args === null)).toBe(true);
  });
});

describe('paraphrase', () => {
  it('never parts a verbatim argument from its text, nor changes another one', () => {
    const segments: Segment[] = [
      { type: 'literal', text: 'set an alarm to ' },
      { type: 'arg', text: "call my mom's doctor", arg: 'label', value: "call my mom's doctor" },
      { type: 'literal', text: ' for ' },
      { type: 'arg', text: 'half past 6', arg: 'time', value: '06:30' },
    ];
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const said = paraphrase(segments, { rng: createRng(seed), strength: 4 });
        const text = said.map((segment) => segment.text).join('');
        const values = said.flatMap((segment) => (segment.type === 'arg' ? [segment.value] : []));
        expect(values).toContain('06:30');
        expect(text).toContain('half past 6');
        expect(values.filter((value) => value !== '06:30').every((value) => text.includes(value))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('changes nothing at strength 0', () => {
    const segments: Segment[] = [{ type: 'literal', text: 'what is the time' }];
    expect(paraphrase(segments, { rng: createRng(1), strength: 0 })).toEqual(segments);
  });
});

describe('loadTaxonomy', () => {
  it('names every bad line of every file', () => {
    write('slots.yaml', 'name: [bob, "{nobody}"]\nclock: [noon]\nmessage: []\na: ["{b}"]\nb: ["{a}"]\n');
    write(
      'tools/send_message.yaml',
      'tool: send_message\nkinds:\n  text:\n    - "text {to=name"\n    - "text {when=name}"\n    - "[text {to=name}|x] {to=name}"\n    - yes\n    - { text: "a", wait: 1 }\n  email: ["x"]\n',
    );
    write('overflow/mail.yaml', 'kinds:\n  alarm: ["x"]\n  email: ["y", "y", "{name} {to=name}"]\n');
    write('overflow/broken.yaml', 'kinds: [\n');
    let problems: string[] = [];
    try {
      loadTaxonomy(folder);
    } catch (error) {
      if (!(error instanceof TaxonomyError)) throw error;
      problems = error.problems.map(({ file, line, message }) => `${file}:${line} ${message}`);
    }
    for (const expected of [
      'slots.yaml:1 there is no slot {nobody}',
      'slots.yaml:2 {clock} is generated and cannot be listed',
      'slots.yaml:3 slot message must be a list that is not empty',
      'slots.yaml:0 slot {a} draws itself',
      "tools/send_message.yaml:4 '{' is never closed (column 6)",
      'tools/send_message.yaml:5 "text {when=name}": send_message has no argument when',
      'tools/send_message.yaml:6 "[text {to=name}|x] {to=name}" fills to twice',
      'tools/send_message.yaml:8 unknown entry "wait"',
      'tools/send_message.yaml:9 kind "email" is not one of send_message: text',
      'overflow/mail.yaml:2 kind "alarm" belongs to a device tool',
      'overflow/mail.yaml:3 "y" stands in overflow/mail.yaml:3 already',
    ]) {
      expect(problems).toContain(expected);
    }
    expect(problems.some((problem) => problem.startsWith('overflow/broken.yaml:'))).toBe(true);
  });
});

describe.skipIf(!existsSync(SHIPPED))('the shipped taxonomy', () => {
  it('loads whole and gives rows whose arguments are those of their tools', () => {
    const taxonomy = loadTaxonomy(SHIPPED);
    const rows = generateRows(taxonomy, { rows: 6000, seed: 11 });
    // Arguments that are rewritten, always or for some wordings ("make it warmer"): every other one is copied.
    const rewritten = new Set(
      `set_alarm.time set_timer.duration update_calendar.op set_volume.level control_home.action control_home.device
      update_list.list update_list.op show_list.list calculate.expression convert_units.value roll_dice.sides
      add_to_playlist.song play_music.query`.split(/\s+/),
    );
    const wrong = rows.filter(
      ({ text, tool, args }) =>
        text !== normalizeText(text) ||
        Object.entries(args ?? {}).some(
          ([arg, value]) =>
            !DEVICE_TOOLS[tool ?? '']?.args.includes(arg) ||
            (!rewritten.has(`${tool}.${arg}`) && !text.includes(value)),
        ),
    );
    expect(wrong).toEqual([]);
    expect(new Set(rows.map(({ tool }) => tool)).size).toBe(Object.keys(DEVICE_TOOLS).length + 1);
  });
});
