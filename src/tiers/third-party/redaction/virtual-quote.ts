/**
 * The delimiter that is set around a value where its name is told to the detectors: a noncharacter, which folding drops
 * from every text, so that no value can hold one.
 */
export const virtualQuote = '\ufdd0';
