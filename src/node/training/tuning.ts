import { performance } from 'node:perf_hooks';
import type { Gpu } from '../../gpu/gpu.js';
import { describeFailures, tunedVariants, listConvProblems, tune } from '../../kernels/tuner.js';
import { programCall } from '../terminal/program-call.js';
import { addToTuningCache, readTuningCache } from '../adapter/tuning-cache.js';

/** All the time that a training run spends on tuning: less than most runs win by it. */
const BUDGET_SECONDS = 10;

/**
 * Loads the variants of this adapter and returns what fills them up: called with a step, it times the variants for the
 * problems of that step that have none, as long as its budget lasts; the heuristic serves for the rest.
 */
export async function openTuning(gpu: Gpu, say: (line: string) => void): Promise<(step: () => void) => Promise<void>> {
  gpu.variants.load(await readTuningCache(gpu.adapter, say));
  let left = BUDGET_SECONDS;
  return async (step) => {
    const missing = new Map([...(await listConvProblems(gpu, step))].filter(([problem]) => gpu.variants.get(problem) === undefined));
    if (missing.size === 0 || left <= 0) return;
    say(
      `tuning ${missing.size} convolutions for this adapter, ${Math.ceil(left)} s at most (${programCall('tune')} does all; ` +
        `--no-tune leaves it out)`,
    );
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    const budget = left;
    const results = await tune(gpu, missing, {
      signal: {
        get aborted() {
          return seconds() > budget;
        },
      },
    });
    left -= seconds();
    gpu.trim();
    const changed = results.filter(({ winner, heuristic }) => winner !== heuristic).length;
    say(`tuned ${results.length} of ${missing.size} in ${seconds().toFixed(1)} s: ${changed} run a faster variant now`);
    for (const line of describeFailures(results)) say(`note: ${line}`);
    const variants = tunedVariants(results);
    // A run needs no cache: it stores its variants in its checkpoints.
    await addToTuningCache(gpu.adapter, variants).catch((error: Error) => say(`warning: ${error.message}`));
  };
}
