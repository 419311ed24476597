// A wrong data file must be named as such before a training run starts on it, and its rows must come out labelled.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEVICE_TOOLS } from '../taxonomy/device-tools.js';
import { OUT_OF_SCOPE, parseClinc, readClinc } from './read-clinc.js';

const path = 'data.json';
const everyKind = Object.values(DEVICE_TOOLS).flatMap(({ kinds }) => kinds.map((kind) => ['do the thing', kind]));
const file = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  train: [...everyKind, ['How tall is that tower?', 'tower_height'], ['Wake me at SIX.', 'alarm']],
  val: [['roll a d20', 'roll_dice']],
  oos_train: [['why do cats purr', 'oos']],
  oos_val: [['who invented the fork', 'oos']],
  ...change,
});

describe('parseClinc', () => {
  it('gives rows with their tool, and arguments where the rules are sure', () => {
    const rows = parseClinc(file(), { path });
    expect(rows.train.at(-2)).toEqual({ text: 'how tall is that tower', kind: 'tower_height', tool: null, args: null });
    expect(rows.train.at(-1)).toEqual({
      text: 'wake me at six',
      kind: 'alarm',
      tool: 'set_alarm',
      args: { time: '06:00' },
    });
    expect(rows.val).toEqual([{ text: 'roll a d20', kind: 'roll_dice', tool: 'roll_dice', args: { sides: '20' } }]);
    expect(rows.oosVal[0]).toMatchObject({ kind: OUT_OF_SCOPE, tool: null });
  });

  it.each([
    ['no object', [], 'needs an object with the lists'],
    ['a list missing', file({ val: undefined }), 'the list "val" is missing'],
    ['an empty list', file({ oos_train: [] }), 'the list "oos_train" is empty'],
    [
      'a row of another form',
      file({ val: [{ text: 'hi', intent: 'greeting' }] }),
      'val[0] needs [text, intent], is {"text":"hi"',
    ],
    ['a row without text', file({ val: [['...', 'alarm']] }), 'val[0] needs [text, intent]'],
    ['other intents', file({ train: [['hi', 'greeting']] }), 'train has no rows of alarm, timer'],
  ])('says what is wrong: %s', (_, data, message) => {
    expect(() => parseClinc(data, { path })).toThrow(`Cannot read CLINC150 from ${path}: ${message}`);
  });
});

describe('readClinc', () => {
  it('tells a missing file from one that is not JSON', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clinc-'));
    try {
      const broken = join(folder, 'broken.json');
      await writeFile(broken, '{"train": [');
      await expect(readClinc(join(folder, 'absent.json'))).rejects.toMatchObject({
        code: 'invalid-data',
        message: expect.stringContaining('ENOENT'),
      });
      await expect(readClinc(broken)).rejects.toMatchObject({
        code: 'invalid-data',
        message: expect.stringContaining('not JSON'),
      });
      const good = join(folder, 'good.json');
      await writeFile(good, JSON.stringify(file()));
      expect((await readClinc(good)).oosTrain).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
