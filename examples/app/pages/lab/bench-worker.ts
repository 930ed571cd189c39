/**
 * The worker that runs the benchmarks of the kernels: those of `shadegrad bench`, on a device of its own. The benchmarks are of this
 * repository and no part of the library, and time its kernels by their paths: device, errors and methods of tensors have to be of the same
 * modules, as a copy of the library beside them would have classes of its own.
 */
import { allEntries, KERNEL_FAMILIES } from '../../../../bench/entries.js';
import { filterEntries } from '../../../../bench/harness.js';
import { provenanceOf } from '../../../../bench/report.js';
import { runSuite } from '../../../../bench/suite.js';
import { QUICK, THOROUGH } from '../../../../bench/timing.js';
import '../../../../src/autograd/methods.js';
import { ShadegradError } from '../../../../src/errors.js';
import { requestGpu } from '../../../../src/web/adapter.js';
import { adapterFacts, reportedAdapter } from './adapter-facts.js';
import type { BenchAnswer, BenchRequest } from './messages.js';

const tell = (answer: BenchAnswer): void => postMessage(answer);

async function run({ filter, quick, browser }: BenchRequest): Promise<void> {
  const gpu = await requestGpu();
  const facts = await adapterFacts(navigator.gpu);
  const entries = filterEntries(allEntries, filter);
  const sampling = quick ? QUICK : THOROUGH;
  const names = entries.map(({ kernel, label }) => `${kernel} ${label}`);
  await runSuite(gpu, entries, sampling, {
    clock: (clock) =>
      tell({
        kind: 'begun',
        names,
        families: [...KERNEL_FAMILIES],
        report: { ...provenanceOf(gpu, reportedAdapter(facts), { browser }, clock), sampling },
      }),
    limits: (limits) => tell({ kind: 'limits', limits }),
    begins: (_, place) => {
      tell({ kind: 'begins', place });
      return true;
    },
    timed: (result) => tell({ kind: 'timed', result }),
    failed: (message) => tell({ kind: 'failed', message }),
  });
  gpu.destroy();
  tell({ kind: 'done' });
}

addEventListener('message', ({ data }: MessageEvent<BenchRequest>) => {
  run(data).catch((error: unknown) =>
    tell({
      kind: 'error',
      message: error instanceof Error ? error.message : String(error),
      ...(error instanceof ShadegradError && { code: error.code }),
    }),
  );
});
