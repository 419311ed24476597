/**
 * Downloads a GGUF from the Hugging Face hub: picks the file, resumes where a download broke off, checks the digest.
 *
 * The hub's listing goes through its own library; the bytes are fetched here, because resuming is the point. A file gets
 * its name only when it is whole and its SHA-256 is the hub's.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ModelError } from './model-error.js';
import { modelsFolder, type PullRecord, pullRecordSuffix } from './registry.js';
import { formatBytes } from './system-memory.js';

export interface PullProgress {
  readonly file: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly phase: 'download' | 'verify';
}

export interface PullOptions {
  /** Called often; throttle on the other side. */
  readonly onProgress?: (progress: PullProgress) => void;
  readonly signal?: AbortSignal;
  /** Default: HF_ENDPOINT, or the hub. */
  readonly endpoint?: string;
  /** Default: HF_TOKEN. */
  readonly token?: string;
  readonly folder?: string;
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string | null;
}

/** Quantizations in the order in which one is picked when none is asked for. */
const preferredQuants = ['Q4_K_M', 'Q4_K_S', 'Q4_0', 'Q5_K_M', 'IQ4_XS', 'Q8_0', 'F16', 'BF16'];

const hasQuant = (path: string, quant: string): boolean =>
  new RegExp(`(^|[-._/])${quant.replace(/[^A-Za-z0-9_]/g, '.')}([-._/]|$)`, 'i').test(path.replace(/\.gguf$/i, ''));

const isProjector = (path: string): boolean => /(^|[-._/])mmproj/i.test(path);

/**
 * The files to download for a quantization: one, or all shards of one.
 * Throws ModelError `not-found` naming what the repository has.
 */
export const chooseFiles = (files: readonly HubFile[], repository: string, quant?: string): HubFile[] => {
  const models = files.filter(({ path }) => /\.gguf$/i.test(path) && !isProjector(path));
  const candidates = quant === undefined ? preferredQuants : [quant];
  const chosen =
    candidates
      .map((candidate) => models.filter(({ path }) => hasQuant(path, candidate)))
      .find((found) => found.length > 0) ?? (quant === undefined ? models.slice(0, 1) : []);
  const first = [...chosen].sort((a, b) => a.path.localeCompare(b.path))[0];
  if (first === undefined)
    throw new ModelError(
      'not-found',
      models.length === 0
        ? `Cannot pull ${repository}: it has no .gguf file.`
        : `Cannot pull ${repository}:${quant}: it has ${models.map(({ path }) => path).join(', ')}.`,
    );
  const shard = /^(.*)-00001-of-(\d{5})\.gguf$/i.exec(first.path);
  if (shard === null) return [first];
  return models.filter(({ path }) => path.startsWith(`${shard[1]}-`) && path.endsWith(`-of-${shard[2]}.gguf`));
};

interface Target {
  readonly endpoint: string;
  readonly repository: string;
  readonly token: string | undefined;
}

const listFiles = async (target: Target): Promise<HubFile[]> => {
  const { listFiles: list } = await import('@huggingface/hub');
  const files: HubFile[] = [];
  try {
    for await (const entry of list({
      repo: { type: 'model', name: target.repository },
      recursive: true,
      hubUrl: target.endpoint,
      ...(target.token === undefined ? {} : { accessToken: target.token }),
    }))
      if (entry.type === 'file')
        files.push({
          path: entry.path,
          bytes: entry.lfs?.size ?? entry.size,
          sha256: entry.lfs?.oid.replace(/^sha256:/, '') ?? null,
        });
  } catch (cause) {
    const status = (cause as { statusCode?: number }).statusCode;
    const reason =
      status === 401 || status === 403 || status === 404
        ? 'the hub does not show it (does it exist? a private or gated one needs HF_TOKEN)'
        : cause instanceof Error
          ? cause.message
          : String(cause);
    throw new ModelError('download-failed', `Cannot list ${target.repository}: ${reason}`, { cause });
  }
  return files;
};

const hashFile = async (path: string, hash: Hash, onBytes: (count: number) => void): Promise<void> => {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    onBytes((chunk as Buffer).length);
  }
};

const attempts = 5;

/** Appends to the partial file until it has all bytes; tries again after a broken connection, from where it broke. */
const downloadTo = async (
  partial: string,
  url: string,
  file: HubFile,
  target: Target,
  options: PullOptions,
): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const have = existsSync(partial) ? statSync(partial).size : 0;
    if (have === file.bytes) return;
    if (have > file.bytes) rmSync(partial);
    const from = have > file.bytes ? 0 : have;
    try {
      const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
      if (target.token !== undefined) headers.authorization = `Bearer ${target.token}`;
      const response = await fetch(url, {
        headers,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      if (!response.ok || response.body === null)
        throw new Error(`the hub answered ${response.status} ${response.statusText}`);
      const resumes = from > 0 && response.status === 206;
      const handle = await open(partial, resumes ? 'a' : 'w');
      try {
        let done = resumes ? from : 0;
        for await (const chunk of response.body) {
          await handle.write(chunk);
          done += chunk.length;
          options.onProgress?.({ file: file.path, doneBytes: done, totalBytes: file.bytes, phase: 'download' });
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (statSync(partial).size !== file.bytes) throw new Error('the connection ended early');
      return;
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      if (code === 'ENOSPC')
        throw new ModelError(
          'disk-full',
          `Cannot store ${file.path}: it needs ${formatBytes(file.bytes)} and the disk is full.`,
          { cause },
        );
      if (options.signal?.aborted === true || attempt === attempts)
        throw new ModelError(
          'download-failed',
          `Cannot download ${file.path}: ${options.signal?.aborted === true ? 'stopped' : cause instanceof Error ? cause.message : String(cause)}. What came is kept; run the command again to go on.`,
          { cause },
        );
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt * (0.5 + Math.random())));
    }
  }
};

/**
 * Pulls `org/repo[:quant]`; returns the path of the file (of the first shard).
 * Throws ModelError: `not-found`, `download-failed`, `checksum-mismatch`, `disk-full`.
 */
export const pullModel = async (reference: string, options: PullOptions = {}): Promise<string> => {
  const match = /^(?:hf\.co\/|https:\/\/huggingface\.co\/)?([\w.-]+\/[\w.-]+)(?::([\w.-]+))?$/.exec(reference);
  if (match === null)
    throw new ModelError(
      'not-found',
      `Cannot pull "${reference}": expected <org>/<repo>[:quant], such as Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M.`,
    );
  const target: Target = {
    endpoint: options.endpoint ?? process.env.HF_ENDPOINT ?? 'https://huggingface.co',
    repository: match[1]!,
    token: options.token ?? process.env.HF_TOKEN,
  };
  const files = chooseFiles(await listFiles(target), target.repository, match[2]);
  const folder = join(options.folder ?? modelsFolder(), ...target.repository.split('/'));
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  for (const file of [...files].sort((a, b) => a.path.localeCompare(b.path)))
    paths.push(await pullFile(file, folder, target, options));
  return paths[0]!;
};

const pullFile = async (file: HubFile, folder: string, target: Target, options: PullOptions): Promise<string> => {
  const path = join(folder, basename(file.path));
  if (existsSync(path) && statSync(path).size === file.bytes) return path;
  const partial = `${path}.part`;
  const url = `${target.endpoint}/${target.repository}/resolve/main/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  await downloadTo(partial, url, file, target, options);
  if (file.sha256 !== null) {
    const hash = createHash('sha256');
    let done = 0;
    await hashFile(partial, hash, (count) => {
      done += count;
      options.onProgress?.({ file: file.path, doneBytes: done, totalBytes: file.bytes, phase: 'verify' });
    });
    const digest = hash.digest('hex');
    if (digest !== file.sha256) {
      rmSync(partial);
      throw new ModelError(
        'checksum-mismatch',
        `Cannot use ${file.path}: its SHA-256 is ${digest}, the hub says ${file.sha256}. The download was removed; run the command again.`,
      );
    }
  }
  const record: PullRecord = {
    repository: target.repository,
    file: file.path,
    revision: 'main',
    sha256: file.sha256,
    bytes: file.bytes,
  };
  writeFileSync(path + pullRecordSuffix, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(partial, path);
  return path;
};
