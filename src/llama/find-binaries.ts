/**
 * Finds the folder of prebuilt llama.cpp libraries inside the installed `@node-llama-cpp/*` packages.
 *
 * Knows package names and folder layout only; loads nothing. A GPU package that somebody installed goes before the
 * plain one of the same platform.
 */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LlamaError } from './llama-error.js';

/** The llama.cpp release that the pinned packages carry (`llama_version()` of the library, without a suffix such as `-dev`). */
export const pinnedLlamaVersion = '0.4.0';

export interface LlamaBinaries {
  /** Package that they come from, such as `@node-llama-cpp/linux-x64`. */
  readonly packageName: string;
  readonly packageVersion: string;
  /** Absolute folder of the shared libraries. */
  readonly folder: string;
  readonly ggmlBase: string;
  readonly ggml: string;
  readonly llama: string;
}

/** Package suffixes to try on a platform, the most capable first. */
export const packageCandidates = (platform: NodeJS.Platform, architecture: string): readonly string[] => {
  const names: Readonly<Record<string, readonly string[]>> = {
    'linux-x64': ['linux-x64-cuda', 'linux-x64-vulkan', 'linux-x64'],
    'linux-arm64': ['linux-arm64'],
    'darwin-arm64': ['mac-arm64-metal'],
    'darwin-x64': ['mac-x64'],
    'win32-x64': ['win-x64-cuda', 'win-x64-vulkan', 'win-x64'],
    'win32-arm64': ['win-arm64'],
  };
  return (names[`${platform}-${architecture}`] ?? []).map((suffix) => `@node-llama-cpp/${suffix}`);
};

const pick = (files: readonly string[], pattern: RegExp, folder: string): string => {
  const file = files.find((name) => pattern.test(name));
  if (file === undefined)
    throw new LlamaError(
      'binary-missing',
      `Cannot load llama.cpp: no file like ${pattern} in ${folder}; reinstall the package.`,
    );
  return join(folder, file);
};

/**
 * Locates the libraries. `SPILLWAY_LLAMA_PACKAGE` picks one package by name.
 * Throws LlamaError `binary-missing` with what to install.
 */
export const findBinaries = (
  options: { readonly platform?: NodeJS.Platform; readonly architecture?: string; readonly packageName?: string } = {},
): LlamaBinaries => {
  const platform = options.platform ?? process.platform;
  const architecture = options.architecture ?? process.arch;
  const wanted = options.packageName ?? process.env.SPILLWAY_LLAMA_PACKAGE;
  const candidates = wanted === undefined ? packageCandidates(platform, architecture) : [wanted];
  if (candidates.length === 0)
    throw new LlamaError(
      'binary-missing',
      `Cannot load llama.cpp: there is no prebuilt package for ${platform}-${architecture}.`,
    );
  const require = createRequire(import.meta.url);
  for (const packageName of candidates) {
    const manifest = resolveManifest(require, packageName);
    if (manifest === null) continue;
    const bins = join(dirname(manifest), 'bins');
    const folderName = existsSync(bins) ? readdirSync(bins)[0] : undefined;
    if (folderName === undefined) continue;
    const folder = join(bins, folderName);
    const files = readdirSync(folder);
    return {
      packageName,
      packageVersion: (require(manifest) as { version: string }).version,
      folder,
      ggmlBase: pick(files, /^(lib)?ggml-base.*\.(so|dylib|dll)$/, folder),
      ggml: pick(files, /^(lib)?ggml(\.v[\d.]+)?\.(so|dylib|dll)$/, folder),
      llama: pick(files, /^(lib)?llama(\.v[\d.]+)?\.(so|dylib|dll)$/, folder),
    };
  }
  throw new LlamaError(
    'binary-missing',
    `Cannot load llama.cpp: none of ${candidates.join(', ')} is installed; run \`npm install ${candidates.at(-1)}\`.`,
  );
};

const resolveManifest = (require: NodeJS.Require, packageName: string): string | null => {
  for (const folder of require.resolve.paths(packageName) ?? []) {
    const manifest = join(folder, packageName, 'package.json');
    if (existsSync(manifest)) return manifest;
  }
  return null;
};
