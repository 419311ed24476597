/** The server's log: JSON lines on standard error, through pino. */
import { pino } from 'pino';
import type { ServerLogger } from '../server/server-options.js';

/** `base` stands in every line. */
export const createLogger = (level: string, base: Readonly<Record<string, number>> = {}): ServerLogger =>
  pino({ level, base }, pino.destination(2));
