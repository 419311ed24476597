/**
 * A hub for tests on a port of its own: the listing that @huggingface/hub asks for, and files with ranges, redirects and
 * whatever goes wrong on the way.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeFile {
  readonly path: string;
  readonly content: Buffer;
  /** Kept in git rather than LFS, as small files are. */
  readonly inGit?: boolean;
  /** What the listing says in place of the truth. */
  readonly listed?: { readonly size?: unknown; readonly sha256?: string };
}

export interface FakeHub {
  readonly url: string;
  /** Requests for files so far: path and Range header. */
  readonly downloads: {
    readonly path: string;
    readonly range: string | undefined;
    readonly token: string | undefined;
  }[];
  /** Answers to file requests before the normal one; each is used once. Return true when it answered. */
  readonly faults: ((request: IncomingMessage, response: ServerResponse, file: FakeFile) => boolean)[];
  /** Answers to listings, likewise. */
  readonly listingFaults: ((request: IncomingMessage, response: ServerResponse) => boolean)[];
  /** Files by repository. */
  readonly repositories: Map<string, readonly FakeFile[]>;
  close(): Promise<void>;
}

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const entryOf = ({ path, content, inGit, listed }: FakeFile) => {
  const size = listed?.size ?? content.length;
  const digest = listed?.sha256 ?? sha256(content);
  if (inGit === true) {
    const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    return { type: 'file', path, size, oid };
  }
  return { type: 'file', path, size, oid: '0'.repeat(40), lfs: { oid: digest, size, pointerSize: 130 } };
};

/** Sends a file as the hub does: 206 for a range, 416 for one past the end. */
export const sendFile = (request: IncomingMessage, response: ServerResponse, content: Buffer): void => {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  if (range === null) {
    response.writeHead(200, { 'content-length': content.length });
    response.end(content);
    return;
  }
  const from = Number(range[1]);
  if (from >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  response.writeHead(206, {
    'content-length': content.length - from,
    'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
  });
  response.end(content.subarray(from));
};

/** Sends so many bytes of the answer and then cuts the connection. */
export const cutAfter =
  (bytes: number) =>
  (request: IncomingMessage, response: ServerResponse, file: FakeFile): boolean => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const { length } = file.content;
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${length - 1}/${length}` } : {}),
    });
    response.write(file.content.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
    return true;
  };

export const startFakeHub = async (): Promise<FakeHub> => {
  const repositories = new Map<string, readonly FakeFile[]>();
  const downloads: FakeHub['downloads'] = [];
  const faults: FakeHub['faults'] = [];
  const listingFaults: FakeHub['listingFaults'] = [];

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://hub');
    const listing = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/main$/.exec(url.pathname);
    if (listing !== null) {
      if (listingFaults.shift()?.(request, response) === true) return;
      const files = repositories.get(listing[1]!);
      const folders = [{ type: 'directory', path: 'images', size: 0, oid: '0'.repeat(40) }];
      const body = files === undefined ? { error: 'Repository not found' } : [...folders, ...files.map(entryOf)];
      response.writeHead(files === undefined ? 401 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
      return;
    }
    const wanted = /^\/([^/]+\/[^/]+)\/resolve\/main\/(.+)$/.exec(decodeURIComponent(url.pathname));
    const file = repositories.get(wanted?.[1] ?? '')?.find(({ path }) => path === wanted?.[2]);
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    downloads.push({ path: file.path, range: request.headers.range, token: request.headers.authorization });
    if (faults.shift()?.(request, response, file) !== true) sendFile(request, response, file.content);
  };

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    downloads,
    faults,
    listingFaults,
    repositories,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
