/**
 * Signs of this room's own inside texts that detectors read. They are noncharacters (Unicode 23.7), which folding drops
 * from every text, so that no request can hold one.
 */

/** Set around a value where its name is told to the detectors. */
export const virtualQuote = '\ufdd0';

/** Stands for each unit of a placeholder, in which there is nothing to find and which must not say what follows it. */
export const maskUnit = '\ufdd1';
