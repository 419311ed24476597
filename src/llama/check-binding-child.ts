/** The child process of `check-binding.ts`: loads the library, prints a report as JSON, or the reason on standard error. */
import type { BindingReport } from './check-binding.js';
import { loadLlama } from './load-llama.js';

try {
  const llama = loadLlama();
  const report: BindingReport = {
    packageName: llama.binaries.packageName,
    packageVersion: llama.binaries.packageVersion,
    llamaVersion: llama.llama_version(),
    systemInfo: llama.llama_print_system_info(),
    devices: llama.devices(),
  };
  process.stdout.write(JSON.stringify(report));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
