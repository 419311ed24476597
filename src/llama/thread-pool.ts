/**
 * A pool of compute threads that stays from one decode call to the next.
 *
 * Without one ggml starts and ends its threads in every call, which costs a small model most of its time. The function
 * lives in the CPU backend that was picked at load, so it is looked up through the backend's registration.
 */
import koffi from 'koffi';
import type { Llama } from './load-llama.js';
import type { Pointer } from './structs.js';

interface ThreadPoolParams {
  cpumask: boolean[];
  n_threads: number;
  prio: number;
  poll: number;
  strict_cpu: boolean;
  paused: boolean;
}

/** `GGML_MAX_N_THREADS` of ggml.h. */
const maxThreads = 512;

const paramsStruct = koffi.struct('ggml_threadpool_params', {
  cpumask: koffi.array('bool', maxThreads),
  n_threads: 'int32_t',
  prio: 'int32_t',
  poll: 'uint32_t',
  strict_cpu: 'bool',
  paused: 'bool',
});
const newPrototype = koffi.proto('ggml_threadpool_new_fn', 'void *', [koffi.pointer(paramsStruct)]);

/**
 * Starts `threads` threads (1 to 512). `poll` from 0 (sleep between calls) to 100 (spin). Returns null where the CPU
 * backend offers no pools. The pool lives as long as the process.
 */
export const createThreadPool = (
  llama: Llama,
  options: { readonly threads: number; readonly poll: number },
): Pointer | null => {
  const { ggml } = llama;
  const count = Number(ggml.ggml_backend_dev_count());
  for (let index = 0; index < count; index++) {
    const device = ggml.ggml_backend_dev_get(index);
    if (ggml.ggml_backend_dev_type(device) !== 0) continue;
    const registration = ggml.ggml_backend_dev_backend_reg(device);
    const address = ggml.ggml_backend_reg_get_proc_address(registration, 'ggml_threadpool_new');
    if (address === null) return null;
    const create = koffi.decode(address, newPrototype) as (params: ThreadPoolParams) => Pointer | null;
    return create({
      cpumask: new Array<boolean>(maxThreads).fill(false),
      n_threads: Math.min(options.threads, maxThreads),
      prio: 0,
      poll: options.poll,
      strict_cpu: false,
      paused: false,
    });
  }
  return null;
};
