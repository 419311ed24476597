import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createLogSync } from './log-sync.js';

const folder = mkdtempSync(join(tmpdir(), 'spillway-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('one sync runs at a time, and what comes meanwhile shares the next', async () => {
  const path = join(folder, 'a.db');
  writeFileSync(`${path}-wal`, 'log');
  const log = createLogSync(path);
  const first = log.sync();
  appendFileSync(`${path}-wal`, 'more');
  const [second, third] = [log.sync(), log.sync()];
  expect(second).not.toBe(first);
  expect(third).toBe(second);
  await Promise.all([first, second]);
  await log.sync();
  await log.close();
});

test('a log that cannot be opened fails the sync, and the next one tries again', async () => {
  const path = join(folder, 'b.db');
  const log = createLogSync(path);
  await expect(log.sync()).rejects.toMatchObject({ code: 'ENOENT' });
  writeFileSync(`${path}-wal`, 'log');
  await log.sync();
  await log.close();
});
