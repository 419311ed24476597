/** The errors of the config room: a configuration that cannot be read or does not say what can be done. */

export type ConfigErrorCode =
  /** A file that was named is not there. */
  | 'not-found'
  /** More than one configuration file in the folder. */
  | 'ambiguous'
  | 'unreadable'
  /** A kind of file, or a version of Node, that this cannot load. */
  | 'unsupported'
  /** Faults in what the file says; all of them are in `faults`. */
  | 'invalid';

export interface ConfigFault {
  /** Where, such as `tiers.private[0].url`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** From 1, in files that have lines; null elsewhere. */
  readonly line: number | null;
  /** A warning does not keep the configuration from being used. */
  readonly severity: 'error' | 'warning';
}

/** Never holds a credential, nor a URL that could have one in it. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode;
  readonly faults: readonly ConfigFault[];

  constructor(
    code: ConfigErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly faults?: readonly ConfigFault[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConfigError';
    this.code = code;
    this.faults = options.faults ?? [];
  }
}

/** `spillway.config.yaml:12: policy.retries: expected a whole number`, without what is not there. */
export const describeFault = ({ path, message, line }: ConfigFault, file: string | null = null): string => {
  const place = [file, line].filter((part) => part !== null).join(':');
  return [place, path, message].filter((part) => part !== '').join(': ');
};
