/** `spillway doctor`: what this machine can run, what was found, and what to do about what was not. */
import { arch, availableParallelism, cpus, platform } from 'node:os';
import type { Command } from 'commander';
import { formatBytes, systemMemory } from '../models/system-memory.js';
import { describeModels, fitsCell, type ModelRow, problemNotes } from './models-command.js';
import { formatTable, print, printJson } from './terminal.js';

interface DoctorFlags {
  readonly speed: boolean;
  readonly json?: boolean;
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const checkNode = (): Check => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { name: 'Node.js', ok, detail: `${process.versions.node}${ok ? '' : '; 20.19 or later is needed'}` };
};

/** Tokens per second of each model that fits, measured for a second or two; null where it cannot run. */
const measureModels = async (rows: readonly ModelRow[]): Promise<Map<string, number | string>> => {
  const [{ openEngine }, { measureDecode }, { findModel }] = await Promise.all([
    import('./open-device.js'),
    import('./measure-engine.js'),
    import('../models/registry.js'),
  ]);
  const speeds = new Map<string, number | string>();
  for (const row of rows) {
    if (row.fits !== true) continue;
    try {
      const engine = await openEngine(findModel(row.path), { parallel: 1, context: 512 });
      try {
        await measureDecode(engine, { sequences: 1, tokens: 4 });
        speeds.set(row.path, (await measureDecode(engine, { sequences: 1, tokens: 32 })).tokensPerSecond);
      } finally {
        await engine.close({ drainMs: 0 });
      }
    } catch (error) {
      speeds.set(row.path, error instanceof Error ? error.message : String(error));
    }
  }
  return speeds;
};

const doctor = async (flags: DoctorFlags): Promise<void> => {
  const { checkBinding } = await import('../llama/check-binding.js');
  const memory = systemMemory();
  const checks: Check[] = [checkNode()];
  let binding: ReturnType<typeof checkBinding> | null = null;
  try {
    binding = checkBinding();
    checks.push({
      name: 'llama.cpp',
      ok: true,
      detail: `${binding.llamaVersion} from ${binding.packageName} ${binding.packageVersion}`,
    });
  } catch (error) {
    checks.push({ name: 'llama.cpp', ok: false, detail: error instanceof Error ? error.message : String(error) });
  }
  const gpus = binding?.devices.filter(({ kind }) => kind !== 'cpu') ?? [];
  const features = [...(binding?.systemInfo ?? '').matchAll(/(\w+) = 1/g)].map(([, name]) => name);
  const models = describeModels();
  const speeds = flags.speed && binding !== null ? await measureModels(models) : new Map<string, number | string>();
  const report = {
    ok: checks.every(({ ok }) => ok),
    checks,
    machine: {
      platform: `${platform()}-${arch()}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      threads: availableParallelism(),
      cpuFeatures: features,
      memoryTotalBytes: memory.totalBytes,
      memoryAvailableBytes: memory.availableBytes,
      devices: binding?.devices ?? [],
    },
    models: models.map((row) => ({ ...row, tokensPerSecond: speeds.get(row.path) ?? null })),
  };
  if (!report.ok) process.exitCode = 1;
  if (flags.json === true) {
    printJson(report);
    return;
  }
  for (const { name, ok, detail } of checks) print(`${ok ? 'ok  ' : 'FAIL'} ${name}: ${detail}`);
  print(`     machine: ${report.machine.platform}, ${report.machine.cpu}, ${report.machine.threads} threads`);
  print(`     CPU features used: ${features.join(' ') || 'none'}`);
  print(`     memory: ${formatBytes(memory.availableBytes)} free of ${formatBytes(memory.totalBytes)}`);
  print(
    gpus.length === 0
      ? '     GPU: none found; a GPU package of the same version (such as @node-llama-cpp/linux-x64-vulkan) is used when it is installed'
      : `     GPU: ${gpus.map((gpu) => `${gpu.name} ${gpu.description} (${formatBytes(gpu.freeBytes)} free)`).join('; ')}`,
  );
  print('');
  print(
    formatTable(
      ['MODEL', 'NEEDS', 'FITS', 'SPEED'],
      report.models.map((row) => [
        row.name,
        row.neededBytes === null ? '-' : formatBytes(row.neededBytes),
        fitsCell(row),
        typeof row.tokensPerSecond === 'number'
          ? `${row.tokensPerSecond.toFixed(1)} tokens/s`
          : (row.tokensPerSecond ?? '-'),
      ]),
    ),
  );
  const notes = problemNotes(models);
  if (notes !== '') print(notes.trimEnd());
};

export const addDoctorCommand = (program: Command): void => {
  program
    .command('doctor')
    .description('check what this machine can run')
    .option('--no-speed', 'skip measuring the models')
    .option('--json', 'print as JSON')
    .action(doctor);
};
