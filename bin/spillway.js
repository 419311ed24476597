#!/usr/bin/env node
// The `spillway` command: hands over to the compiled command line, or says how to build it in a checkout.
import { existsSync } from 'node:fs';

const entry = new URL('../dist/src/cli/main.js', import.meta.url);
if (existsSync(entry)) {
  await import(entry.href);
} else {
  process.stderr.write('Spillway is not built yet in this checkout: run `npm run build` first (or `npm start`).\n');
  process.exitCode = 1;
}
