/** Places in a configuration: a list of keys and indexes, and how it is written. Knows no schema. */

export type ConfigPath = readonly (string | number)[];

/** `['tiers', 'private', 0, 'url']` -> `tiers.private[0].url`; a key that is no plain word stands in brackets. */
export const writePath = (path: ConfigPath): string =>
  path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z_$][\w$-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value there; undefined where there is none. Own properties only. */
export const valueAt = (root: unknown, path: ConfigPath): unknown => {
  let value = root;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part];
    else if (isRecord(value) && typeof part === 'string' && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
};

/** A fault before its line is known. */
export interface Finding {
  readonly at: ConfigPath;
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

export const errorAt = (at: ConfigPath, message: string): Finding => ({ at, message, severity: 'error' });
export const warningAt = (at: ConfigPath, message: string): Finding => ({ at, message, severity: 'warning' });
