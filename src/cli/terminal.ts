/**
 * What the commands print: a progress bar on terminals, plain lines elsewhere, tables, errors with their advice.
 * And what happens when nobody takes it: a closed pipe, a full disk.
 */

/** What a shell reports of a program that Ctrl+C ended. */
export const interruptedExitCode = 130;

/** A bar that redraws itself on a terminal and prints a line per tenth elsewhere. */
export interface ProgressBar {
  update(done: number, total: number, note: string): void;
  end(): void;
}

export const createProgressBar = (label: string, stream: NodeJS.WriteStream = process.stderr): ProgressBar => {
  let lastDrawn = 0;
  let lastTenth = -1;
  let drawn = false;
  return {
    update(done, total, note) {
      const share = total === 0 ? 1 : done / total;
      if (!stream.isTTY) {
        const tenth = Math.floor(share * 10);
        if (tenth !== lastTenth) stream.write(`${label} ${tenth * 10}% ${note}\n`);
        lastTenth = tenth;
        return;
      }
      const now = Date.now();
      if (now - lastDrawn < 100 && done < total) return;
      lastDrawn = now;
      drawn = true;
      const width = Math.max(10, Math.min(40, (stream.columns ?? 80) - label.length - note.length - 12));
      const filled = Math.round(width * share);
      stream.write(
        `\r\x1b[2K${label} [${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${(share * 100).toFixed(0)}% ${note}`,
      );
    },
    end() {
      if (drawn) stream.write('\n');
    },
  };
};

/** Left-aligned columns; cells are texts. */
export const formatTable = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
};

/**
 * A model's text for a terminal: control characters other than line feed and tab are shown as U+FFFD, because a
 * terminal obeys them (colours, titles, the clipboard) whoever wrote them. Anything else gets the text as it is.
 */
export const textFor = (stream: { readonly isTTY?: boolean }, text: string): string =>
  stream.isTTY === true ? text.replace(/\r\n?/g, '\n').replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd') : text;

const systemReasons: Readonly<Record<string, string>> = { ENOSPC: 'no space is left on the device' };

/**
 * Output into a closed pipe (`spillway models | head -1`) is the reader's choice and ends the program in peace; another
 * failure to write ends it with a message. What cannot be said on standard error is not said.
 */
export const watchOutput = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    const reason = systemReasons[error.code ?? ''] ?? error.message;
    process.stderr.write(`spillway: Cannot write to standard output: ${reason}\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
};

/** For a server, whose output is an extra: who reads it may go. */
export const outliveReaders = (): void => {
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => {});
};

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

/** A line about what somebody should know, beside the answer. */
export const warn = (line: string): void => {
  process.stderr.write(`spillway: ${textFor(process.stderr, line)}\n`);
};

/** A line beside the answer that is there to be passed over: dim on terminals that have colours. */
export const noteAside = (line: string): void => {
  const text = textFor(process.stderr, line);
  const isDim = process.stderr.isTTY === true && process.stderr.hasColors();
  process.stderr.write(isDim ? `\x1b[2m${text}\x1b[22m\n` : `${text}\n`);
};

/** A failure that was foreseen carries its own advice; anything else is a bug and shows its stack. */
export const reportError = (error: unknown): void => {
  if (error instanceof Error && 'code' in error) warn(error.message);
  else
    process.stderr.write(
      `spillway: unexpected error, please report it\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
};
