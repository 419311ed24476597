/** The server's log: JSON lines on standard error, through pino. */
import { pino } from 'pino';
import type { ServerLogger } from '../server/server-options.js';

export const createLogger = (level: string): ServerLogger => pino({ level, base: null }, pino.destination(2));
