/**
 * One host process: starts it, carries commands there and messages back, keeps the last lines that it wrote to standard
 * error, and says when and how it ended.
 *
 * Knows nothing of requests; what to do about an end is the engine's business.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createFrameReader, encodeFrame } from './host/frames.js';
import type { HostCommand, HostMessage } from './host/protocol.js';

export interface HostEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface HostProcess {
  readonly pid: number | undefined;
  send(command: HostCommand): void;
  /** Asks it to exit, and after `graceMs` makes it. */
  stop(graceMs: number): Promise<HostEnd>;
  /** Last lines of standard error, oldest first. */
  readonly lines: readonly string[];
  /** When it is gone and all that it wrote has been read. */
  readonly ended: Promise<HostEnd>;
}

const keptLines = 200;
const mainPath = fileURLToPath(new URL('./host/main.js', import.meta.url));

export const startHostProcess = (
  onMessage: (message: HostMessage, binary: Uint8Array) => void,
  options: { readonly program?: string } = {},
): HostProcess => {
  const child: ChildProcess = spawn(process.execPath, [options.program ?? mainPath], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const channel = child.stdio[3] as Duplex;
  const lines: string[] = [];
  let partial = '';
  child.stderr!.setEncoding('utf8');
  child.stderr!.on('data', (text: string) => {
    const parts = (partial + text).split('\n');
    partial = parts.pop() ?? '';
    lines.push(...parts);
    if (lines.length > keptLines) lines.splice(0, lines.length - keptLines);
  });
  let readable = true;
  const read = createFrameReader((message, binary) => {
    onMessage(message as HostMessage, binary);
  });
  channel.on('data', (chunk: Buffer) => {
    if (!readable) return;
    try {
      read(chunk);
    } catch (error) {
      // Whatever it was, this host cannot be understood any more.
      readable = false;
      lines.push(`unreadable message: ${error instanceof Error ? error.message : String(error)}`);
      child.kill('SIGKILL');
    }
  });
  // The end of the process tells what there is to tell.
  channel.on('error', () => undefined);

  const ended = new Promise<HostEnd>((resolve) => {
    child.on('error', () => resolve({ code: null, signal: null }));
    child.on('close', (code, signal) => {
      if (partial !== '') lines.push(partial);
      partial = '';
      resolve({ code, signal });
    });
  });

  return {
    pid: child.pid,
    lines,
    ended,
    send(command) {
      if (channel.writable) channel.write(encodeFrame(command));
    },
    async stop(graceMs) {
      this.send({ type: 'exit' });
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      const end = await ended;
      clearTimeout(timer);
      return end;
    },
  };
};
