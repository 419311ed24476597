/**
 * Where the programs are that Spillway is measured against; they are not dependencies and may be missing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** From `dist/bench/` to the root of the checkout. */
export const checkout = fileURLToPath(new URL('../../', import.meta.url));

const peerFile = (path: string): string => `${checkout}bench/peers/node_modules/${path}`;

export const peerInstallHint = 'npm ci --prefix bench/peers';

/** Entry file of node-llama-cpp, or null where it is not installed. */
export const nodeLlamaCppEntry = (): string | null => {
  const entry = peerFile('node-llama-cpp/dist/index.js');
  return existsSync(entry) ? entry : null;
};

/** Version of the installed node-llama-cpp; null without one. */
export const nodeLlamaCppVersion = (): string | null => {
  const manifest = peerFile('node-llama-cpp/package.json');
  if (!existsSync(manifest)) return null;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
};

/** Portkey's gateway, or null where it is not installed. */
export const portkeyEntry = (): string | null => {
  const entry = peerFile('@portkey-ai/gateway/build/start-server.js');
  return existsSync(entry) ? entry : null;
};

/** llama.cpp's own server, where `LLAMA_SERVER` names one; null otherwise. */
export const llamaServerPath = (): string | null => {
  const path = process.env.LLAMA_SERVER;
  return path === undefined || path === '' ? null : path;
};
