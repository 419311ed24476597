/** `spillway models`: what is here, and whether it fits into this machine. */
import type { Command } from 'commander';
import { checkFit } from '../models/fits.js';
import { metadataNumber, metadataText, readGgufHeader } from '../models/gguf-reader.js';
import { type LocalModel, listModels, modelsFolder } from '../models/registry.js';
import { formatBytes, systemMemory } from '../models/system-memory.js';
import { formatTable, print, printJson } from './terminal.js';

export interface ModelRow {
  readonly name: string;
  readonly origin: LocalModel['origin'];
  readonly path: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly trainedContext: number | null;
  /** At a context of 4,096 tokens (or what the model was trained for, if less), one sequence. */
  readonly neededBytes: number | null;
  readonly fits: boolean | null;
  /** Why the file cannot be used, if so. */
  readonly problem: string | null;
}

/** Looks at each local model without loading it. */
export const describeModels = (): ModelRow[] => {
  const { availableBytes } = systemMemory();
  return listModels().map((model) => {
    const base = { name: model.name, origin: model.origin, path: model.path, fileBytes: model.fileBytes };
    try {
      const header = readGgufHeader(model.path);
      const architecture = metadataText(header, 'general.architecture') ?? 'unknown';
      const trainedContext = metadataNumber(header, `${architecture}.context_length`);
      const contextTokens = Math.min(4096, trainedContext ?? 4096);
      const { need } = checkFit(header, { contextTokens, parallel: 1, availableBytes: Number.POSITIVE_INFINITY });
      return {
        ...base,
        architecture,
        parameters: header.parameterCount,
        trainedContext,
        neededBytes: need.totalBytes,
        fits: need.totalBytes <= availableBytes,
        problem: null,
      };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return {
        ...base,
        architecture: 'unknown',
        parameters: 0,
        trainedContext: null,
        neededBytes: null,
        fits: null,
        problem,
      };
    }
  });
};

/** Why files of the list cannot be used, a line each, after an empty one; nothing where all can. */
export const problemNotes = (rows: readonly ModelRow[]): string => {
  const broken = rows.filter((row) => row.problem !== null);
  return broken.length === 0 ? '' : `\n${broken.map((row) => `${row.name}: ${row.problem}`).join('\n')}\n`;
};

/** The cell under FITS. */
export const fitsCell = (row: ModelRow): string => (row.problem !== null ? 'broken' : row.fits === true ? 'yes' : 'no');

const shortCount = (count: number): string => {
  const units = ['', 'K', 'M', 'B', 'T'];
  let value = count;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)}${units[unit]}`;
};

export const addModelsCommand = (program: Command): void => {
  program
    .command('models')
    .description('list the models that are here')
    .option('--json', 'print as JSON')
    .action((options: { json?: boolean }) => {
      const rows = describeModels();
      if (options.json === true) {
        printJson(rows);
        return;
      }
      print(
        formatTable(
          ['NAME', 'ORIGIN', 'ARCHITECTURE', 'PARAMETERS', 'FILE', 'CONTEXT', 'NEEDS', 'FITS'],
          rows.map((row) => [
            row.name,
            row.origin,
            row.problem === null ? row.architecture : '-',
            row.problem === null ? shortCount(row.parameters) : '-',
            formatBytes(row.fileBytes),
            row.trainedContext === null ? '-' : String(row.trainedContext),
            row.neededBytes === null ? '-' : formatBytes(row.neededBytes),
            fitsCell(row),
          ]),
        ),
      );
      print(
        `${problemNotes(rows)}\nPulled models are in ${modelsFolder()}. Any .gguf file works by its path: --model ./file.gguf`,
      );
    });
};
