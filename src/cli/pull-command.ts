/** `spillway pull <org>/<repo>[:quant]`: downloads a model, resuming and checking it. */
import type { Command } from 'commander';
import { readGgufHeader } from '../models/gguf-reader.js';
import { pullModel } from '../models/pull.js';
import { listModels, modelNameOf } from '../models/registry.js';
import { formatBytes } from '../models/system-memory.js';
import { createProgressBar, interruptedExitCode, print, printJson, reportError } from './terminal.js';

const phaseNotes = { download: '', verify: 'checking ', wait: 'waiting for another download of it, ' } as const;

export const addPullCommand = (program: Command): void => {
  program
    .command('pull')
    .description('download a model from the Hugging Face hub (resumes, checks its digest)')
    .argument('<repository[:quant]>', 'such as Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M')
    .option('--json', 'print the result as JSON')
    .action(async (reference: string, options: { json?: boolean }) => {
      const bar = createProgressBar(reference);
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      let path: string;
      try {
        path = await pullModel(reference, {
          signal: stop.signal,
          onProgress: ({ doneBytes, totalBytes, phase }) =>
            bar.update(
              doneBytes,
              totalBytes,
              `${phaseNotes[phase]}${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
            ),
        });
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        bar.end();
        reportError(error);
        // At once: a connection that was broken off may still be closing.
        process.exit(interruptedExitCode);
      } finally {
        bar.end();
      }
      const header = readGgufHeader(path);
      const result = {
        name: listModels().find((model) => model.path === path)?.name ?? modelNameOf(path),
        path,
        bytes: header.fileBytes,
        parameters: header.parameterCount,
      };
      if (options.json === true) printJson(result);
      else
        print(
          `${result.name} is here (${formatBytes(result.bytes)}). Try: spillway run --model ${result.name} "Hello"`,
        );
    });
};
