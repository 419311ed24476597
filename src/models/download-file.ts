/**
 * Fetches one file over HTTP into a partial file, going on where an earlier attempt broke off.
 *
 * Ends with all bytes in the partial file or with an error; whether they are the right ones is checked by whoever gives
 * the file its name.
 */
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { isAccessStatus, isTransientStatus, reasonOf, retryAfterMs, retrying, TransientError } from './hub-request.js';
import { ModelError } from './model-error.js';
import { formatBytes } from './system-memory.js';

export interface DownloadOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Bytes that are there. */
  readonly onBytes?: (doneBytes: number) => void;
  /** A connection that brings nothing for this long is given up. */
  readonly stallMs: number;
  readonly attempts: number;
  readonly retryDelayMs: number;
}

interface Target {
  readonly url: string;
  readonly partial: string;
  /** What it is called in messages. */
  readonly name: string;
  readonly bytes: number;
}

export const sizeOf = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/** A failure of the disk in the words of a person. */
export const storeError = (name: string, bytes: number, cause: unknown): ModelError => {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ModelError(
      'disk-full',
      `Cannot store ${name}: it needs ${formatBytes(bytes)} and the disk is full. What came is kept; make room and run the command again.`,
      { cause },
    );
  return new ModelError('download-failed', `Cannot store ${name}: ${reasonOf(cause)}`, { cause });
};

const failed = (name: string, reason: string, cause?: unknown): ModelError =>
  new ModelError('download-failed', `Cannot download ${name}: ${reason}.`, { cause });

const writeAll = async (handle: FileHandle, bytes: Uint8Array, target: Target): Promise<void> => {
  try {
    for (let written = 0; written < bytes.length; )
      written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
  } catch (cause) {
    throw storeError(target.name, target.bytes, cause);
  }
};

/** Aborts when `touch` was not called for a while. */
const createStallGuard = (ms: number) => {
  const controller = new AbortController();
  const reason = new TransientError(`nothing came for ${ms / 1000} s`);
  let timer = setTimeout(() => controller.abort(reason), ms);
  return {
    signal: controller.signal,
    touch(): void {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(reason), ms);
    },
    end(): void {
      clearTimeout(timer);
    },
  };
};

/**
 * Checks that the answer is the file from byte `from` on, or all of it; returns where its body starts.
 * The partial file of a server that answers with another range is of no use and is removed.
 */
const checkAnswer = async (response: Response, from: number, target: Target): Promise<number> => {
  const { status } = response;
  if (status === 200) {
    const length = response.headers.get('content-length');
    if (length !== null && response.headers.get('content-encoding') === null && Number(length) !== target.bytes)
      throw failed(target.name, `the server sent ${length} bytes, the hub lists ${target.bytes}`);
    return 0;
  }
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    if (range !== null && range[2] !== '*' && Number(range[2]) !== target.bytes)
      throw failed(target.name, `the server has ${range[2]} bytes, the hub lists ${target.bytes}`);
    if (range !== null && Number(range[1]) === from) return from;
  }
  if (status === 206 || status === 416) {
    await rm(target.partial, { force: true });
    throw new TransientError('the server answered with another part of the file');
  }
  const reason = `the server answered ${status} ${response.statusText}`.trimEnd();
  if (isAccessStatus(status)) throw failed(target.name, `${reason}; a private or gated repository needs HF_TOKEN`);
  if (isTransientStatus(status)) throw new TransientError(reason, { retryAfterMs: retryAfterMs(response, Date.now()) });
  throw failed(target.name, reason);
};

const receive = async (
  response: Response,
  start: number,
  target: Target,
  hooks: { readonly touch: () => void; readonly onBytes: (doneBytes: number) => void; readonly signal: AbortSignal },
): Promise<void> => {
  if (response.body === null) throw new TransientError('the server sent no body');
  const handle = await open(target.partial, start > 0 ? 'a' : 'w').catch((cause: unknown) => {
    throw storeError(target.name, target.bytes, cause);
  });
  let done = start;
  const reader = response.body.getReader();
  // Ends a read that waits, whatever state fetch has its connection in.
  const cancel = (): void => {
    reader.cancel(hooks.signal.reason).catch(() => {});
  };
  hooks.signal.addEventListener('abort', cancel);
  try {
    for (;;) {
      const { value: chunk } = await reader.read();
      hooks.signal.throwIfAborted();
      if (chunk === undefined) break;
      hooks.touch();
      if (done + chunk.length > target.bytes) {
        await handle.truncate(0);
        throw failed(target.name, `the server sent more than the ${target.bytes} bytes that the hub lists`);
      }
      await writeAll(handle, chunk, target);
      done += chunk.length;
      hooks.onBytes(done);
    }
    await handle.sync().catch((cause: unknown) => {
      // Some file systems cannot; a full disk may show only here.
      if (['ENOSPC', 'EDQUOT', 'EIO'].includes((cause as NodeJS.ErrnoException).code ?? ''))
        throw storeError(target.name, target.bytes, cause);
    });
  } finally {
    hooks.signal.removeEventListener('abort', cancel);
    cancel();
    await handle.close();
  }
  if (done < target.bytes) throw new TransientError('the connection ended early');
};

const attemptOnce = async (target: Target, options: DownloadOptions, progressed: () => void): Promise<void> => {
  let have = (await sizeOf(target.partial)) ?? 0;
  if (have > target.bytes) {
    await rm(target.partial);
    have = 0;
  }
  if (have === target.bytes && have > 0) return;
  const guard = createStallGuard(options.stallMs);
  const signal = options.signal === undefined ? guard.signal : AbortSignal.any([options.signal, guard.signal]);
  try {
    const response = await fetch(target.url, {
      // Bytes as they are: a compressed answer could not be resumed.
      headers: {
        ...options.headers,
        'accept-encoding': 'identity',
        ...(have === 0 ? {} : { range: `bytes=${have}-` }),
      },
      signal,
    });
    const start = await checkAnswer(response, have, target).catch(async (error: unknown) => {
      await response.body?.cancel().catch(() => {});
      throw error;
    });
    await receive(response, start, target, {
      touch: guard.touch,
      signal,
      onBytes(doneBytes) {
        if (doneBytes > have) progressed();
        options.onBytes?.(doneBytes);
      },
    });
  } catch (error) {
    if (error instanceof ModelError || error instanceof TransientError) throw error;
    // What is left is the network: refused, reset, timed out, or the guard.
    throw new TransientError(guard.signal.aborted ? guard.signal.reason.message : reasonOf(error), { cause: error });
  } finally {
    guard.end();
  }
};

/** Throws ModelError `download-failed` or `disk-full`, or the signal's reason; what came is kept in the partial file. */
export const downloadFile = async (target: Target, options: DownloadOptions): Promise<void> => {
  try {
    await retrying((progressed) => attemptOnce(target, options, progressed), {
      attempts: options.attempts,
      delayMs: options.retryDelayMs,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    throw failed(target.name, `${error.message}. What came is kept; run the command again to go on`, error);
  }
};
