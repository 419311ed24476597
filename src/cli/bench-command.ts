/** `spillway bench`: how fast a model runs on this machine. */
import type { Command } from 'commander';
import { addEngineFlags, type EngineFlags, wholeNumber } from './engine-options.js';
import { formatTable, print, printJson } from './terminal.js';

interface BenchFlags extends EngineFlags {
  readonly model?: string;
  readonly tokens: number;
  readonly json?: boolean;
}

const bench = async (flags: BenchFlags): Promise<void> => {
  const [{ openEngine }, { measureDecode, measurePrefix }, { findModel }, { defaultThreads }] = await Promise.all([
    import('./open-device.js'),
    import('./measure-engine.js'),
    import('../models/registry.js'),
    import('../engine/host/thread-count.js'),
  ]);
  const model = findModel(flags.model ?? 'pocket');
  const parallel = flags.parallel ?? 16;
  const started = performance.now();
  const engine = await openEngine(model, { ...flags, parallel });
  const loadMs = performance.now() - started;
  try {
    await measureDecode(engine, { sequences: 1, tokens: 8 });
    const decode = [];
    for (const sequences of [1, 2, 4, 8, 16, 32].filter((count) => count <= parallel))
      decode.push(await measureDecode(engine, { sequences, tokens: flags.tokens }));
    const promptTokens = Math.min(1000, Math.floor(engine.info.contextLength * 0.75));
    const prefix = await measurePrefix(engine, promptTokens);
    const result = {
      model: model.name,
      description: engine.info.description,
      device: engine.info.device,
      threads: flags.threads ?? defaultThreads(),
      loadMs,
      promptTokens,
      ...prefix,
      decode,
    };
    if (flags.json === true) {
      printJson(result);
      return;
    }
    print(`${model.name} (${engine.info.description}) on ${engine.info.device}, loaded in ${loadMs.toFixed(0)} ms\n`);
    print(
      formatTable(
        ['SEQUENCES', 'TOKENS/S', 'TPOT'],
        decode.map((row) => [String(row.sequences), row.tokensPerSecond.toFixed(1), `${row.tpotMs.toFixed(2)} ms`]),
      ),
    );
    print(
      `\nPrompt of ${promptTokens} tokens: ${prefix.promptTokensPerSecond.toFixed(0)} tokens/s, first token after ${prefix.coldTtftMs.toFixed(0)} ms cold and ${prefix.warmTtftMs.toFixed(0)} ms when its prefix was seen before`,
    );
  } finally {
    await engine.close({ drainMs: 0 });
  }
};

export const addBenchCommand = (program: Command): void => {
  const command = program
    .command('bench')
    .description('measure a model on this machine')
    .option('--model <name|path.gguf>', 'the model (default: pocket)')
    .option('--tokens <n>', 'tokens to decode in each sequence', wholeNumber(2, 100_000), 128)
    .option('--json', 'print as JSON');
  addEngineFlags(command).action(bench);
};
