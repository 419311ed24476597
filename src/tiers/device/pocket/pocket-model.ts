/**
 * What the embedded model's file says of itself: its tools, kinds of requests, argument tokens, prompt and calibration.
 *
 * Reads and checks the metadata `spillway.pocket.*`. Knows no engine calls.
 */
import type { EngineModelInfo } from '../../../engine/engine.js';
import { type Calibration, type KindOfRequest, uncalibrated } from '../../../models/pocket-decision.js';
import type { ToolDefinition } from '../../tier.js';
import { TierError } from '../../tier-error.js';

export interface PocketKind extends KindOfRequest {
  readonly token: number;
}

export interface PocketModel {
  /** What it can do on the device; offered where a request names no tools. */
  readonly tools: readonly ToolDefinition[];
  readonly kinds: readonly PocketKind[];
  /** Argument name by its token, and the other way round. */
  readonly argumentNames: ReadonlyMap<number, string>;
  readonly argumentTokens: ReadonlyMap<string, number>;
  readonly endToken: number;
  readonly prompt: {
    readonly before: readonly number[];
    /** Put before the text when it is tokenized. */
    readonly prefix: string;
    readonly after: readonly number[];
  };
  readonly calibration: Calibration;
}

const versionKey = 'spillway.pocket.version';
const supportedVersion = '1';

export const isPocketModel = ({ metadata }: Pick<EngineModelInfo, 'metadata'>): boolean =>
  metadata[versionKey] !== undefined;

const models = new WeakMap<EngineModelInfo, PocketModel>();

/** Throws TierError `unsupported` where the metadata are of another version or do not hold together. */
export const pocketModelOf = (info: EngineModelInfo): PocketModel => {
  const known = models.get(info);
  if (known !== undefined) return known;
  const model = readPocketModel(info);
  models.set(info, model);
  return model;
};

const readPocketModel = (info: EngineModelInfo): PocketModel => {
  const version = info.metadata[versionKey];
  if (version !== supportedVersion)
    throw new TierError(
      'unsupported',
      `Cannot use model ${info.name}: its pocket metadata are of version ${version}, supported is ${supportedVersion}`,
    );
  const read = <T>(name: string, check: (value: unknown) => T | null, fallback?: T): T => {
    const key = `spillway.pocket.${name}`;
    const text = info.metadata[key];
    if (text === undefined && fallback !== undefined) return fallback;
    const value = text === undefined ? null : check(parse(text));
    if (value === null)
      throw new TierError('unsupported', `Cannot use model ${info.name}: its metadata ${key} are missing or broken`);
    return value;
  };
  const argumentTokens = read('arguments', asTokensByName);
  return {
    tools: read('tools', asTools),
    kinds: read('kinds', asKinds),
    argumentTokens,
    argumentNames: new Map([...argumentTokens].map(([name, token]) => [token, name])),
    endToken: read('end', (value) => (isToken(value) ? value : null)),
    prompt: read('prompt', asPrompt),
    calibration: read('calibration', asCalibration, uncalibrated),
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isToken = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTokens = (value: unknown): value is number[] => Array.isArray(value) && value.every(isToken);

const asTools = (value: unknown): ToolDefinition[] | null =>
  Array.isArray(value) &&
  value.every((tool) => isRecord(tool) && typeof tool.name === 'string' && isRecord(tool.parameters))
    ? (value as ToolDefinition[])
    : null;

const asKinds = (value: unknown): PocketKind[] | null => {
  if (!Array.isArray(value) || value.length === 0) return null;
  const kinds = value.map((entry: unknown): PocketKind | null => {
    const [name, tool, token] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string' || !isToken(token) || (tool !== null && typeof tool !== 'string')) return null;
    return { name, tool, token };
  });
  return kinds.includes(null) ? null : (kinds as PocketKind[]);
};

const asTokensByName = (value: unknown): Map<string, number> | null =>
  isRecord(value) && Object.values(value).every(isToken) ? new Map(Object.entries(value) as [string, number][]) : null;

const asPrompt = (value: unknown): PocketModel['prompt'] | null =>
  isRecord(value) && isTokens(value.before) && isTokens(value.after)
    ? { before: value.before, after: value.after, prefix: typeof value.prefix === 'string' ? value.prefix : '' }
    : null;

const asCalibration = (value: unknown): Calibration | null => {
  if (!isRecord(value)) return null;
  const merged = { ...uncalibrated, ...value } as Calibration;
  const { temperature, threshold, confidence } = merged;
  const isFit = (fit: unknown): boolean => isRecord(fit) && Number.isFinite(fit.slope) && Number.isFinite(fit.offset);
  const isSound = temperature > 0 && Number.isFinite(threshold) && isFit(confidence.tool) && isFit(confidence.overflow);
  return isSound ? merged : null;
};
