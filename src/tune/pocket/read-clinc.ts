// Reads a CLINC150 file (Larson et al. 2019; JSON with lists of [text, intent]) into training rows, arguments by rule.
// It does not ship, fetch or split the data, and knows no intent beyond those that the device's tools name.

import { readFile } from 'node:fs/promises';
import { normalizeText } from '../../models/normalize-text.js';
import { DEVICE_TOOLS } from '../taxonomy/device-tools.js';
import type { Row } from '../taxonomy/row.js';
import { TuneError } from '../tune-error.js';
import { annotateArguments } from './annotate-arguments.js';

/** The kind of every out-of-scope row. */
export const OUT_OF_SCOPE = 'oos';

export interface ClincRows {
  train: Row[];
  val: Row[];
  oosTrain: Row[];
  oosVal: Row[];
}

/** The device tool of each CLINC150 intent that has one. */
const TOOL_OF_KIND = new Map(
  Object.entries(DEVICE_TOOLS).flatMap(([tool, { kinds }]) => kinds.map((kind) => [kind, tool] as const)),
);

/** Reads the file at `path`; throws TuneError 'invalid-data' that says what the file lacks and where. */
export async function readClinc(path: string): Promise<ClincRows> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (cause) {
    throw new TuneError('invalid-data', `Cannot read CLINC150 from ${path}: ${(cause as Error).message}`, { cause });
  }
  let data: unknown;
  try {
    data = JSON.parse(source);
  } catch (cause) {
    throw new TuneError('invalid-data', `Cannot read CLINC150 from ${path}: not JSON (${(cause as Error).message})`, {
      cause,
    });
  }
  return parseClinc(data, { path });
}

/** The rows of a parsed file; `path` is for messages only. */
export function parseClinc(data: unknown, { path }: { path: string }): ClincRows {
  const fail = (what: string): never => {
    throw new TuneError('invalid-data', `Cannot read CLINC150 from ${path}: ${what}`);
  };
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return fail('needs an object with the lists train, val, oos_train and oos_val');
  }
  const lists = data as Record<string, unknown>;
  const rowsOf = (name: string): Row[] => {
    const list = lists[name];
    if (!Array.isArray(list))
      return fail(`the list "${name}" is missing; the file has ${Object.keys(lists).join(', ') || 'no lists'}`);
    if (list.length === 0) return fail(`the list "${name}" is empty`);
    return list.map((entry: unknown, i) => {
      const [text, kind] = Array.isArray(entry) ? entry : [];
      if (typeof text !== 'string' || typeof kind !== 'string' || normalizeText(text) === '') {
        return fail(`${name}[${i}] needs [text, intent], is ${JSON.stringify(entry)?.slice(0, 80)}`);
      }
      return toRow(normalizeText(text), name.startsWith('oos') ? OUT_OF_SCOPE : kind);
    });
  };
  const rows = { train: rowsOf('train'), val: rowsOf('val'), oosTrain: rowsOf('oos_train'), oosVal: rowsOf('oos_val') };
  const present = new Set(rows.train.map(({ kind }) => kind));
  const absent = [...TOOL_OF_KIND.keys()].filter((kind) => !present.has(kind));
  return absent.length > 0 ? fail(`train has no rows of ${absent.join(', ')}`) : rows;
}

function toRow(text: string, kind: string): Row {
  const tool = TOOL_OF_KIND.get(kind) ?? null;
  return { text, kind, tool, args: tool === null ? null : annotateArguments({ tool, kind, text }) };
}
