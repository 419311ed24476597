/**
 * Quantization labels in file names: "Qwen2.5-7B-Instruct-Q4_K_M-00001-of-00002.gguf" is Q4_K_M.
 *
 * Names are all there is before a file is downloaded; what a file really holds is in its header.
 */

const labelPattern =
  /(?:^|[-._/ ])((?:UD-)?(?:I?Q\d+(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32))(?=[-. ]|$)/gi;
const shardSuffix = /-\d{5}-of-\d{5}$/;

/** The path without its extension and without which shard it is. */
export const modelStem = (path: string): string => path.replace(/\.gguf$/i, '').replace(shardSuffix, '');

/** A label as it is compared: upper case, FP16 as F16. */
export const normalizeLabel = (label: string): string => label.toUpperCase().replace(/^FP(16|32)$/, 'F$1');

/** The last label in the file's name, else in the names of its folders; null where there is none. */
export const quantLabel = (path: string): string | null => {
  const parts = modelStem(path).split('/');
  for (const part of parts.reverse()) {
    const found = [...part.matchAll(labelPattern)].at(-1);
    if (found !== undefined) return normalizeLabel(found[1]!);
  }
  return null;
};

/** Labels in the order in which one is picked when none is asked for: small and good first, then better, then smaller. */
const preferredLabels = [
  'Q4_K_M',
  'Q4_K_S',
  'Q4_0',
  'MXFP4',
  'MXFP4_MOE',
  'IQ4_XS',
  'IQ4_NL',
  'Q4_1',
  'Q5_K_M',
  'Q5_K_S',
  'Q5_0',
  'Q6_K',
  'Q8_0',
  'Q3_K_M',
  'Q3_K_L',
  'IQ3_M',
  'Q2_K',
  'BF16',
  'F16',
  'F32',
];

/** Lower is picked first; variants of a label ("UD-Q4_K_XL") come after the plain ones, no label at all last. */
export const labelRank = (label: string | null): number => {
  if (label === null) return 3 * preferredLabels.length;
  const exact = preferredLabels.indexOf(label);
  if (exact >= 0) return exact;
  const plain = label.replace(/^UD-/, '');
  const near = preferredLabels.findIndex((preferred) => plain === preferred || plain.startsWith(`${preferred}_`));
  return preferredLabels.length + (near >= 0 ? near : preferredLabels.length);
};

/** How well a label answers a wish: 0 exactly, 1 a variant of it, null not at all. */
export const labelMatch = (label: string | null, wish: string): 0 | 1 | null => {
  if (label === null) return null;
  const wanted = normalizeLabel(wish);
  if (label === wanted) return 0;
  const plain = label.replace(/^UD-/, '');
  return plain === wanted || plain.startsWith(`${wanted}_`) ? 1 : null;
};
