/**
 * Which files of a repository are the model that was asked for: one file, or all the shards of one.
 *
 * Pure: a listing goes in. Knows nothing of the hub's wire format or of downloads.
 */
import { ModelError } from './model-error.js';
import { labelMatch, labelRank, modelStem, quantLabel } from './quant-label.js';

export interface HubFile {
  /** Inside the repository, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string | null;
  /** Git's own digest (SHA-1 of a blob), for files that the hub keeps in git itself. */
  readonly gitOid: string | null;
}

interface Candidate {
  /** Path without extension and shard number. */
  readonly stem: string;
  readonly label: string | null;
  /** In order; 1 where it is not sharded. */
  readonly files: readonly HubFile[];
  readonly shards: number;
}

/** Vision projectors and calibration data are GGUF files too. */
const isModel = (path: string): boolean => /\.gguf$/i.test(path) && !/(^|[-._/])(mmproj|imatrix)/i.test(path);

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const candidatesOf = (files: readonly HubFile[]): Candidate[] => {
  const groups = new Map<string, HubFile[]>();
  for (const file of files) {
    if (!isModel(file.path)) continue;
    const shards = /-of-(\d{5})\.gguf$/i.exec(file.path)?.[1] ?? '';
    const key = `${shards}/${modelStem(file.path)}`;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.entries()]
    .map(([key, members]) => {
      const slash = key.indexOf('/');
      const [shards, stem] = [key.slice(0, slash), key.slice(slash + 1)];
      return {
        stem,
        label: quantLabel(stem),
        files: members.sort((a, b) => byText(a.path, b.path)),
        shards: shards === '' ? 1 : Number(shards),
      };
    })
    .sort((a, b) => byText(a.stem, b.stem) || a.shards - b.shards);
};

/** The best of them by `rank`, lower first; several when they rank the same. null is out. */
const best = (candidates: readonly Candidate[], rank: (candidate: Candidate) => number | null): Candidate[] => {
  const ranked = candidates.flatMap((candidate) => {
    const value = rank(candidate);
    return value === null ? [] : [{ candidate, value }];
  });
  const least = Math.min(...ranked.map(({ value }) => value));
  return ranked.filter(({ value }) => value === least).map(({ candidate }) => candidate);
};

const matching = (candidates: readonly Candidate[], wish: string | undefined): Candidate[] => {
  if (wish === undefined) return best(candidates, ({ label }) => labelRank(label));
  if (/\.gguf$/i.test(wish)) {
    const wanted = wish.toLowerCase();
    return candidates.filter(({ files }) => files.some(({ path }) => baseName(path).toLowerCase() === wanted));
  }
  return best(candidates, ({ label }) => {
    const match = labelMatch(label, wish);
    return match === null ? null : match * 1000 + (match === 0 ? 0 : labelRank(label));
  });
};

const describe = (candidates: readonly Candidate[]): string => {
  const names = candidates.map(({ label, stem }) => label ?? baseName(`${stem}.gguf`));
  const shown = [...new Set(names)];
  return shown.length > 30 ? `${shown.slice(0, 30).join(', ')} and ${shown.length - 30} more` : shown.join(', ');
};

/**
 * The files to download, in order. `wish` is a quantization (`Q4_K_M`; `Q4_K` takes the best variant there is) or a file
 * name; without one, the preferred quantization of those that are there.
 * Throws ModelError `not-found` naming what the repository has, or `ambiguous`.
 */
export const chooseFiles = (files: readonly HubFile[], repository: string, wish?: string): readonly HubFile[] => {
  const candidates = candidatesOf(files);
  if (candidates.length === 0)
    throw new ModelError('not-found', `Cannot pull ${repository}: it has no .gguf file with a model.`);
  const found = matching(candidates, wish);
  if (found.length === 0)
    throw new ModelError('not-found', `Cannot pull ${repository}:${wish}: it has ${describe(candidates)}.`);
  // The same model as one file and in shards: the one file is simpler.
  const names = new Set(found.map(({ stem }) => baseName(stem).toLowerCase()));
  const chosen = [...found].sort((a, b) => a.shards - b.shards)[0]!;
  if (names.size > 1)
    throw new ModelError(
      'ambiguous',
      `Cannot tell which model of ${repository} to pull; name one of its files: ${found.map((candidate) => `${repository}:${baseName(candidate.files[0]!.path)}`).join(', ')}.`,
    );
  if (chosen.files.length !== chosen.shards)
    throw new ModelError(
      'not-found',
      `Cannot pull ${chosen.stem}: ${repository} has ${chosen.files.length} of its ${chosen.shards} shards.`,
    );
  return chosen.files;
};
