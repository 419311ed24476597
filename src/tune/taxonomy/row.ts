// One labelled sentence, as every part of the pocket model's data path passes it on: the taxonomy generates rows, the
// CLINC150 reader reads them, training and scoring consume them. Knows nothing of tokens, files or models.

export interface Row {
  /** Lower-case, straight quotes, single spaces, no final `.`, `!` or `?`. */
  text: string;
  /** Fine-grained label: a CLINC150 intent, a hand-over topic of our own, or `oos`. */
  kind: string;
  /** One of the device tools; null = the request is to be handed over. */
  tool: string | null;
  /** Only the arguments that were said; null = not known. */
  args: Record<string, string> | null;
}
