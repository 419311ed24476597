/**
 * Loads llama.cpp and ggml into this process and hands out their functions.
 *
 * One load per process. Calls block the thread that makes them, and a native fault ends the process: whoever serves
 * requests calls this in a child process of its own.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { findBinaries, type LlamaBinaries, pinnedLlamaVersion } from './find-binaries.js';
import { ggmlBaseTable, ggmlRegistryTable } from './ggml-functions.js';
import { LlamaError } from './llama-error.js';
import { llamaTable } from './llama-functions.js';
import { type Bound, bindFunctions } from './native-function.js';
import type { Pointer } from './structs.js';
import { verifyLayout } from './verify-layout.js';

export type LlamaFunctions = Bound<typeof llamaTable>;
export type GgmlFunctions = Bound<typeof ggmlBaseTable> & Bound<typeof ggmlRegistryTable>;

/** A compute device that ggml found. */
export interface ComputeDevice {
  readonly name: string;
  readonly description: string;
  readonly kind: 'cpu' | 'gpu' | 'integrated-gpu' | 'accelerator' | 'other';
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface Llama extends LlamaFunctions {
  readonly ggml: GgmlFunctions;
  readonly binaries: LlamaBinaries;
  /** Devices in ggml's order of registration. */
  devices(): ComputeDevice[];
  /** Threads that graphs computed on `backend` (a CPU backend) use. */
  setBackendThreads(backend: Pointer, threads: number): void;
}

export interface LoadLlamaOptions {
  /** llama.cpp's log on standard error. Default false. */
  readonly log?: boolean;
}

let loaded: Llama | undefined;

/**
 * Loads once per process; later calls return the same.
 * Throws LlamaError `binary-missing`, `layout-mismatch` or `backend-missing`.
 */
export const loadLlama = (options: LoadLlamaOptions = {}): Llama => {
  loaded ??= load(options);
  return loaded;
};

const load = (options: LoadLlamaOptions): Llama => {
  const binaries = findBinaries();
  const base = openLibrary(binaries.ggmlBase);
  const registry = openLibrary(binaries.ggml);
  const library = openLibrary(binaries.llama);
  const llama = bindFunctions(library, llamaTable);
  verifyLayout(llama, pinnedLlamaVersion);
  // The log callback may be called from any thread, which a JavaScript function must not be. Any C function that
  // ignores its arguments and has no effect is a safe sink; this one only returns a constant.
  if (options.log !== true) llama.llama_log_set(library.symbol('llama_max_devices') as Pointer, null);
  const ggml = { ...bindFunctions(base, ggmlBaseTable), ...bindFunctions(registry, ggmlRegistryTable) };
  ggml.ggml_backend_load_all_from_path(binaries.folder);
  if (Number(ggml.ggml_backend_dev_count()) === 0)
    throw new LlamaError(
      'backend-missing',
      `Cannot use llama.cpp: no compute backend in ${binaries.folder} loads on this machine.`,
    );
  llama.llama_backend_init();
  const setThreads = new Map<Pointer, (backend: Pointer, threads: number) => void>();
  return {
    ...llama,
    ggml,
    binaries,
    devices: () => listDevices(ggml),
    setBackendThreads(backend, threads) {
      const registration = ggml.ggml_backend_dev_backend_reg(ggml.ggml_backend_get_device(backend));
      let set = setThreads.get(registration);
      if (set === undefined) {
        const address = ggml.ggml_backend_reg_get_proc_address(registration, 'ggml_backend_set_n_threads');
        if (address === null) return;
        set = koffi.decode(address, setThreadsPrototype) as (backend: Pointer, threads: number) => void;
        setThreads.set(registration, set);
      }
      set(backend, threads);
    },
  };
};

const setThreadsPrototype = koffi.proto('void ggml_backend_set_n_threads_fn(void *backend, int n_threads)');

const openLibrary = (path: string): LibraryHandle => {
  try {
    return koffi.load(path, { global: process.platform !== 'win32' });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LlamaError('binary-missing', `Cannot load ${path}: ${reason}`, { cause });
  }
};

const deviceKinds = ['cpu', 'gpu', 'integrated-gpu', 'accelerator'] as const;

const listDevices = (ggml: GgmlFunctions): ComputeDevice[] =>
  Array.from({ length: Number(ggml.ggml_backend_dev_count()) }, (_, index) => {
    const device = ggml.ggml_backend_dev_get(index);
    const free = new BigUint64Array(1);
    const total = new BigUint64Array(1);
    ggml.ggml_backend_dev_memory(device, free, total);
    return {
      name: ggml.ggml_backend_dev_name(device),
      description: ggml.ggml_backend_dev_description(device),
      kind: deviceKinds[ggml.ggml_backend_dev_type(device)] ?? 'other',
      freeBytes: Number(free[0]),
      totalBytes: Number(total[0]),
    };
  });
