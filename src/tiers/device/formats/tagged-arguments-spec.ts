/**
 * The marks of a format that writes every argument between marks of its own, as data.
 */
import type { ChatFormat } from './chat-format.js';

export interface TaggedArgumentsSpec {
  readonly name: string;
  readonly detect: (templateSource: string) => boolean;
  readonly specialTokens: ChatFormat['specialTokens'];
  /** Around all calls; may be empty. */
  readonly section: { readonly open: string; readonly close: string };
  /** Around one call; may be empty. */
  readonly call: { readonly open: string; readonly close: string };
  /** Before and after the name; `end` may be empty where the first argument or the call's end follows. */
  readonly function: { readonly open: string; readonly end: string; readonly close: string };
  /** Around an argument's name and its value. */
  readonly argument: {
    readonly open: string;
    readonly nameEnd: string;
    /** Between the name's end and the value; may be empty. */
    readonly valueOpen: string;
    readonly close: string;
  };
  /** What follows a name, by whether the value is text; for formats that say so. */
  readonly attribute?: (isText: boolean) => string;
  /** Marks stand on lines of their own, and so do values. */
  readonly lines: boolean;
  readonly parallel?: boolean;
}
