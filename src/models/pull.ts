/**
 * Downloads a GGUF from the Hugging Face hub: picks the file, resumes where a download broke off, checks the digest.
 *
 * The hub's listing goes through its own library; the bytes are fetched here, because resuming is the point. A file gets
 * its name only when it is whole and its digest is the hub's (docs/decisions/0004-pull.md).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chooseFiles, type HubFile } from './choose-files.js';
import { downloadFile, sizeOf, storeError } from './download-file.js';
import { withFileLock } from './file-lock.js';
import { type HubRepository, listHubFiles } from './hub-listing.js';
import { ModelError } from './model-error.js';
import { modelsFolder, type PullRecord, parsePullRecord, pullRecordSuffix } from './registry.js';
import { formatBytes } from './system-memory.js';

export interface PullProgress {
  readonly file: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** `wait`: another process is downloading the same file. */
  readonly phase: 'download' | 'verify' | 'wait';
}

export interface PullOptions {
  /** Called often; throttle on the other side. */
  readonly onProgress?: (progress: PullProgress) => void;
  readonly signal?: AbortSignal;
  /** Default: HF_ENDPOINT, or the hub. */
  readonly endpoint?: string;
  /** Default: HF_TOKEN. */
  readonly token?: string;
  /** Default: the registry's. */
  readonly folder?: string;
  /** A connection that brings nothing for this long is given up and made again. Default 60 s. */
  readonly stallMs?: number;
  /** Wait before the second try; doubles with each. Default 500 ms. */
  readonly retryDelayMs?: number;
}

interface Target extends HubRepository {
  readonly wish: string | undefined;
  /** Where the repository's files go. */
  readonly folder: string;
}

const attempts = 5;
const defaultRetryDelayMs = 500;
const defaultStallMs = 60_000;
const hubUrl = 'https://huggingface.co';
/** The hub's rules for names: letters, digits, "-", "_", ".", none of "-" and "." at an end, no "--" and no "..". */
const namePattern = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** "org/repo[:quant]", also as the address of the repository's page. Throws ModelError `invalid-name`. */
export const parseReference = (reference: string): { readonly repository: string; readonly wish?: string } => {
  const bare = reference.replace(/^(?:https?:\/\/)?(?:hf\.co|huggingface\.co)\//, '').replace(/\/$/, '');
  const match = /^([^/:]+)\/([^/:]+)(?::([\w.-]{1,200}))?$/.exec(bare);
  if (match === null || !namePattern.test(match[1]!) || !namePattern.test(match[2]!))
    throw new ModelError(
      'invalid-name',
      `Cannot pull ${JSON.stringify(reference)}: expected <org>/<repo>[:quant], such as Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M.`,
    );
  return { repository: `${match[1]}/${match[2]}`, ...(match[3] === undefined ? {} : { wish: match[3] }) };
};

/** Refuses a path that would leave its folder or that some system cannot store. */
const checkPath = (path: string, repository: string): void => {
  const parts = path.split('/');
  if (
    path.length > 1000 ||
    /[\u0000-\u001f\u007f\\:*?"<>|]/.test(path) ||
    parts.some((part) => part === '' || /^\.+$/.test(part) || /[. ]$/.test(part))
  )
    throw new ModelError('invalid-name', `Cannot pull ${repository}: it has a file named ${JSON.stringify(path)}.`);
};

/** What is left of a file that was being downloaded; a new version of the file starts anew. */
const partialOf = (path: string, file: HubFile): string =>
  `${path}.${(file.sha256 ?? file.gitOid ?? String(file.bytes)).slice(0, 12)}.part`;

const isWhole = async (path: string, file: HubFile): Promise<boolean> => {
  if ((await sizeOf(path)) !== file.bytes) return false;
  const record = parsePullRecord(await readFile(path + pullRecordSuffix, 'utf8').catch(() => ''));
  return record?.sha256 == null || file.sha256 === null || record.sha256 === file.sha256;
};

const checkSpace = async (files: readonly HubFile[], target: Target): Promise<void> => {
  let missing = 0;
  for (const file of files) {
    const path = join(target.folder, ...file.path.split('/'));
    if (!(await isWhole(path, file))) missing += file.bytes - ((await sizeOf(partialOf(path, file))) ?? 0);
  }
  const disk = await statfs(target.folder).catch(() => null);
  if (disk === null || missing <= disk.bavail * disk.bsize) return;
  throw new ModelError(
    'disk-full',
    `Cannot store ${target.repository}: it needs ${formatBytes(missing)}, ${formatBytes(disk.bavail * disk.bsize)} are free in ${target.folder}.`,
  );
};

/** SHA-256 of the file for the record; the hub's own digest must be among those computed. */
const verify = async (partial: string, file: HubFile, options: PullOptions): Promise<string> => {
  const sha256 = createHash('sha256');
  const git = createHash('sha1').update(`blob ${file.bytes}\0`);
  let doneBytes = 0;
  for await (const chunk of createReadStream(partial, { highWaterMark: 1 << 20 })) {
    options.signal?.throwIfAborted();
    sha256.update(chunk as Buffer);
    if (file.gitOid !== null) git.update(chunk as Buffer);
    doneBytes += (chunk as Buffer).length;
    options.onProgress?.({ file: file.path, doneBytes, totalBytes: file.bytes, phase: 'verify' });
  }
  const digest = sha256.digest('hex');
  const [found, wanted] = file.gitOid === null ? [digest, file.sha256] : [git.digest('hex'), file.gitOid];
  if (wanted === null || found === wanted) return digest;
  await rm(partial, { force: true });
  throw new ModelError(
    'checksum-mismatch',
    `Cannot use ${file.path}: its digest is ${found}, the hub says ${wanted}. The download was removed; run the command again.`,
  );
};

const pullFile = async (file: HubFile, target: Target, options: PullOptions): Promise<string> => {
  const path = join(target.folder, ...file.path.split('/'));
  await mkdir(dirname(path), { recursive: true });
  if (await isWhole(path, file)) return path;
  const partial = partialOf(path, file);
  const progress = (phase: PullProgress['phase'], doneBytes: number): void =>
    options.onProgress?.({ file: file.path, doneBytes, totalBytes: file.bytes, phase });
  const download = async (): Promise<string> => {
    // Another process may have brought it while this one waited.
    if (await isWhole(path, file)) return path;
    await downloadFile(
      {
        url: `${target.endpoint}/${target.repository}/resolve/main/${file.path.split('/').map(encodeURIComponent).join('/')}`,
        partial,
        name: file.path,
        bytes: file.bytes,
      },
      {
        headers: target.token === undefined ? {} : { authorization: `Bearer ${target.token}` },
        onBytes: (doneBytes) => progress('download', doneBytes),
        stallMs: options.stallMs ?? defaultStallMs,
        attempts,
        retryDelayMs: options.retryDelayMs ?? defaultRetryDelayMs,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
    const sha256 = await verify(partial, file, options);
    const record: PullRecord = {
      repository: target.repository,
      file: file.path,
      revision: 'main',
      sha256,
      bytes: file.bytes,
    };
    await writeFile(path + pullRecordSuffix, `${JSON.stringify(record, null, 2)}\n`);
    await rename(partial, path);
    return path;
  };
  return withFileLock(path, download, {
    onWait: () => progress('wait', 0),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
};

const pullFiles = async (target: Target, options: PullOptions): Promise<string> => {
  const listed = await listHubFiles(target, {
    attempts,
    delayMs: options.retryDelayMs ?? defaultRetryDelayMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const files = chooseFiles(listed, target.repository, target.wish);
  for (const { path } of files) checkPath(path, target.repository);
  await mkdir(target.folder, { recursive: true });
  await checkSpace(files, target);
  const paths: string[] = [];
  for (const file of files) paths.push(await pullFile(file, target, options));
  return paths[0]!;
};

/**
 * Pulls `org/repo[:quant]` (or `org/repo:file.gguf`); returns the path of the file (of the first shard). A file that is
 * here and whole is not fetched again.
 * Throws ModelError: `invalid-name`, `not-found`, `ambiguous`, `download-failed`, `checksum-mismatch`, `disk-full`,
 * `cancelled`.
 */
export const pullModel = async (reference: string, options: PullOptions = {}): Promise<string> => {
  const { repository, wish } = parseReference(reference);
  const target: Target = {
    endpoint: (nonEmpty(options.endpoint) ?? nonEmpty(process.env.HF_ENDPOINT) ?? hubUrl).replace(/\/+$/, ''),
    repository,
    wish,
    token: nonEmpty(options.token) ?? nonEmpty(process.env.HF_TOKEN),
    folder: join(options.folder ?? modelsFolder(), ...repository.split('/')),
  };
  try {
    return await pullFiles(target, options);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    if (options.signal?.aborted === true)
      throw new ModelError(
        'cancelled',
        `Stopped pulling ${repository}. What came is kept; run the command again to go on.`,
        { cause: error },
      );
    throw storeError(repository, 0, error);
  }
};
