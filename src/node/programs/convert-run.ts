import { stat } from 'node:fs/promises';
import { describeArchitecture } from '../../models/describe.js';
import { runForPyTorch } from '../../exchange/pytorch/pytorch-run.js';
import { findRun } from '../../exchange/read-weights.js';
import { differingTensors, encodeRunCheckpoint, runSize, type TrainingRun } from '../../exchange/network/training-run.js';
import { checkReference } from '../../exchange/write-weights.js';
import { printableName } from '../../formats/names.js';
import { encodePyTorch } from '../../formats/pytorch-write.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import type { ConvertFlags, OutputFormat } from './convert-flags.js';
import { writeFileAtomic } from '../files/atomic.js';
import { formatBytes, formatCountOf } from '../../formats/words.js';
import { programCall, quoted } from '../terminal/program-call.js';
import { createProgress } from '../terminal/progress.js';
import { callOf } from './train-command.js';
import { savedLearningRate } from '../training/saved-rate.js';
import { openWeights } from '../weights/read.js';
import { remark } from '../terminal/remarks.js';

/** Of Adam in pix2pix, where a run does not say. */
const PAPERS_RATE = 2e-4;
const MIB = 2 ** 20;

/**
 * Writes a run in the other program's form, reads it again and compares every number.
 *
 * @returns the exit status
 * @throws ShadegradError; the output is then as it was, but for WEIGHTS_MISMATCH of the comparison
 */
export async function convertRun(
  file: WeightFile,
  output: string,
  format: OutputFormat,
  { check: checked }: ConvertFlags,
  given: ReadonlySet<string>,
): Promise<number> {
  const others = ['network', 'dtype', 'layout', 'adapter', 'batch', 'external'].filter((name) => given.has(name));
  const writable = format === 'pytorch' || format === 'safetensors';
  if (others.length > 0 || !writable) {
    throw new ShadegradError('BAD_FLAG', '--run keeps all of a run as it is', {
      expected: 'a .pth or a .safetensors to write, and no other flag about its contents',
      received: [...others.map((name) => `--${name}`), ...(writable ? [] : [output])].join(', '),
      fix: 'leave out --run to convert one network',
    });
  }
  const run = await findRun(file);
  for (const { architecture } of run.networks.values()) remark(`${printableName(file.name)}: ${describeArchitecture(architecture)}`);
  const { step, scheme } = run.info;
  remark(`after ${formatCountOf(step, 'step')}`);
  const total = Math.ceil(runSize(run) / MIB);
  const progress = createProgress({ total, label: 'converting (MiB)' });
  try {
    await writeFileAtomic(
      output,
      counted(format === 'pytorch' ? encodePyTorch(forPyTorch(run)) : encodeRunCheckpoint(run), (bytes) =>
        progress.update(Math.min(total, Math.floor(bytes / MIB))),
      ),
    );
    progress.update(total);
  } finally {
    progress.stop();
  }
  remark(`${printableName(output)}: ${formatBytes((await stat(output)).size)}`);
  if (format === 'safetensors' && savedLearningRate(run.info) === null) {
    remark(`train with it: ${scheme === null ? programCall('train') : callOf({ name: scheme })} --from ${quoted(output)}`);
  }
  if (!checked) return 0;
  const written = await openWeights(output);
  try {
    const differing = await differingTensors(run, await findRun(written.file));
    if (differing.length > 0) {
      throw new ShadegradError('WEIGHTS_MISMATCH', `${output}: the run is not the one it was made from`, {
        expected: 'the same numbers',
        received: `others in ${differing.slice(0, 3).join(', ')}`,
        fix: 'delete this file and convert again; if it happens again, check the disk',
      });
    }
  } finally {
    await written.close();
  }
  remark('every number of all networks and their optimisers agrees');
  return 0;
}

function forPyTorch(run: TrainingRun): ReturnType<typeof runForPyTorch> {
  for (const weights of run.networks.values()) checkReference(weights);
  const { learningRate } = run.info.options;
  return runForPyTorch(run, savedLearningRate(run.info) ?? (typeof learningRate === 'number' ? learningRate : PAPERS_RATE));
}

/** The same pieces; says how many bytes there have been so far. */
async function* counted(pieces: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    yield piece;
    onBytes((bytes += piece.length));
  }
}
