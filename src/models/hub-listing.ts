/**
 * What files a repository of the hub has, through the hub's own library.
 *
 * Believes nothing that it is told: entries that are no files, or without a sensible size, are passed over.
 */
import type { HubFile } from './choose-files.js';
import { isAccessStatus, isTransientStatus, reasonOf, retrying, TransientError } from './hub-request.js';
import { ModelError } from './model-error.js';

export interface HubRepository {
  /** Address of the hub, without a slash at its end. */
  readonly endpoint: string;
  /** `org/repo`. */
  readonly repository: string;
  readonly token: string | undefined;
}

export interface ListOptions {
  readonly attempts: number;
  readonly delayMs: number;
  readonly signal?: AbortSignal;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The hub's entry for a file; null for folders and for what is not such an entry. */
const toHubFile = (entry: unknown): HubFile | null => {
  if (!isObject(entry) || entry.type !== 'file' || typeof entry.path !== 'string') return null;
  const lfs = isObject(entry.lfs) ? entry.lfs : null;
  const bytes = lfs?.size ?? entry.size;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) return null;
  const sha256 = /^(?:sha256:)?([0-9a-f]{64})$/.exec(String(lfs?.oid))?.[1] ?? null;
  const gitOid = lfs === null && /^[0-9a-f]{40}$/.test(String(entry.oid)) ? String(entry.oid) : null;
  return { path: entry.path, bytes, sha256, gitOid };
};

const listOnce = async (target: HubRepository, signal: AbortSignal | undefined): Promise<HubFile[]> => {
  const { listFiles } = await import('@huggingface/hub');
  const files: HubFile[] = [];
  try {
    for await (const entry of listFiles({
      repo: { type: 'model', name: target.repository },
      recursive: true,
      hubUrl: target.endpoint,
      fetch: (url, init) => fetch(url, { ...init, ...(signal === undefined ? {} : { signal }) }),
      ...(target.token === undefined ? {} : { accessToken: target.token }),
    })) {
      const file = toHubFile(entry);
      if (file !== null) files.push(file);
    }
  } catch (cause) {
    const status = (cause as { statusCode?: number }).statusCode;
    if (isAccessStatus(status))
      throw new ModelError(
        'download-failed',
        `Cannot list ${target.repository}: the hub answered ${status} (does it exist? a private or gated one needs HF_TOKEN).`,
        { cause },
      );
    // fetch fails with a TypeError that has a cause; one without is a wrong address or token, and stays wrong.
    const passes =
      status === undefined ? cause instanceof Error && cause.cause !== undefined : isTransientStatus(status);
    if (passes) throw new TransientError(reasonOf(cause), { cause });
    throw new ModelError('download-failed', `Cannot list ${target.repository}: ${reasonOf(cause)}`, { cause });
  }
  return files;
};

/** Throws ModelError `download-failed`, or the signal's reason. */
export const listHubFiles = async (target: HubRepository, options: ListOptions): Promise<HubFile[]> => {
  try {
    return await retrying(() => listOnce(target, options.signal), options);
  } catch (cause) {
    if (!(cause instanceof TransientError)) throw cause;
    throw new ModelError(
      'download-failed',
      `Cannot list ${target.repository} at ${target.endpoint}: ${cause.message}.`,
      { cause },
    );
  }
};
