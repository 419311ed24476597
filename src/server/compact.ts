/** Drops undefined fields, so that optional ones are absent instead of undefined. Knows only own, shallow fields. */

/** `T` with its possibly undefined fields made optional. */
export type Compact<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy without the fields that are undefined. */
export const compact = <T extends object>(fields: T): Compact<T> => {
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const value = (fields as Record<string, unknown>)[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept as Compact<T>;
};
