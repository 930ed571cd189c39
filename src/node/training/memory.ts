import { totalmem } from 'node:os';
import { ShadegradError } from '../../errors.js';
import type { MemoryEstimate } from '../../training/memory-estimate.js';
import type { TrainingScheme } from '../../training/scheme.js';
import type { AdapterKind } from '../adapter/choice.js';
import { formatBytes } from '../../formats/words.js';
import { flagName } from './flags.js';
import type { OptionValue } from '../../training/option-table.js';

/** What there is for a run. */
export interface MemoryOffer {
  /** Bytes; infinite for a GPU, of which WebGPU does not tell. */
  readonly bytes: number;
  /** Whether the steps of the run take less already. */
  readonly recompute: boolean;
}

/** The memory that an adapter can give: of a software adapter that of the machine, or of the container that it runs in. */
export function offeredBytes(kind: AdapterKind): number {
  if (kind === 'hardware') return Infinity;
  // 0 where it is not known.
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/** Settings that make a run smaller, as far as a scheme has them. */
const SMALLER = ['size', 'ngf'] as const;

/**
 * Compares what a run needs with what there is.
 *
 * @returns a line to print, and whether the images of the whole set find room beside the step
 * @throws OUT_OF_MEMORY for a run that does not fit, with what would
 */
export function expectMemory(
  scheme: TrainingScheme,
  { batch, accumulate }: { readonly batch: number; readonly accumulate?: OptionValue },
  estimate: MemoryEstimate,
  { bytes, recompute }: MemoryOffer,
): { line: string; imagesFit: boolean } {
  const { networks, results, images, evaluator, total } = estimate;
  const parts = [
    `networks and optimisers ${formatBytes(networks)}`,
    `results of a step ${formatBytes(results)}`,
    `images ${formatBytes(images)}`,
    `validation ${formatBytes(evaluator)}`,
  ].join(', ');
  const needed = `needs ${formatBytes(total)} of GPU memory: ${parts}`;
  const imagesFit = total <= bytes;
  const offered = Number.isFinite(bytes) ? `; a software adapter has the machine's ${formatBytes(bytes)}` : '';
  // Images that find no room travel anew for each step.
  if (imagesFit || total - images <= bytes) return { line: `${needed}${offered}`, imagesFit };
  const options = new Set(Object.keys(scheme.options));
  const smaller = [...(batch > 1 ? ['batch'] : []), ...SMALLER.filter((name) => options.has(name)).map(flagName)];
  const mends = [
    ...(recompute ? [] : ['add --recompute']),
    ...(batch > (Number(accumulate) || 1) && scheme.accumulates ? [`--accumulate ${batch}, which runs a batch in parts`] : []),
    ...(smaller.length > 0 ? [`choose a smaller --${smaller.join(', --')}`] : []),
    'train on a machine with more memory',
  ];
  throw new ShadegradError('OUT_OF_MEMORY', 'The run does not fit into the memory of this machine', {
    expected: `at most ${formatBytes(bytes)}, which is all that a software adapter has here`,
    received: needed,
    fix: mends.join('; or '),
  });
}
