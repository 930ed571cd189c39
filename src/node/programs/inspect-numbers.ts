import { checkpointTensors } from '../../exchange/network/checkpoint-file.js';
import type { NetworkTensor } from '../../exchange/network/network-weights.js';
import { findRun, hasRun, surveyNetworks } from '../../exchange/read-weights.js';
import { describeIndex, findBadNumber, holdsSquares } from '../../formats/finite.js';
import { quoteName } from '../../formats/names.js';
import type { StoredTensor, WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import { elementCount } from '../../tensor/shape.js';
import { readCheckpointInfo } from '../weights/checkpoint.js';
import { formatCount } from '../../formats/words.js';

/** What `shadegrad inspect` says of the soundness of a file. */
export interface Soundness {
  readonly lines: readonly string[];
  /** False for a file that is damaged, or has a network or a run that is refused for its numbers. */
  readonly sound: boolean;
}

/** A tensor of more bytes than this is not read: it would have to be in memory as a whole. */
const MOST_BYTES = 2 ** 31;

const isDamage = (error: unknown): error is ShadegradError =>
  error instanceof ShadegradError && (error.code === 'WEIGHTS_CORRUPT' || error.code === 'CHECKPOINT_CORRUPT');

const isCheckpoint = (file: WeightFile): boolean => file.format === 'safetensors' && hasRun(file);

/** Checks the header of a training checkpoint against its checksum; other files have nothing of the kind. */
export async function checkHeader(file: WeightFile, path: string): Promise<Soundness> {
  if (!isCheckpoint(file)) return { lines: [], sound: true };
  try {
    await readCheckpointInfo(path);
  } catch (error) {
    if (isDamage(error)) return { lines: [`damaged: ${error.what}`], sound: false };
  }
  return { lines: [], sound: true };
}

/**
 * Reads every number of a file, in a training checkpoint also by its checksums: how many no network can compute with, where
 * the first one is, and which network or run is refused for it.
 */
export async function checkNumbersOf(file: WeightFile): Promise<Soundness> {
  const found = { infinite: { count: 0, first: '' }, negative: { count: 0, first: '' } };
  const unread: string[] = [];
  let tooLarge = 0;
  for (const tensor of tensorsToRead(file, unread)) {
    const { name, shape } = tensor;
    if (4 * elementCount(shape) > MOST_BYTES) {
      tooLarge++;
      continue;
    }
    let values: Float32Array;
    try {
      values = await tensor.read();
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      unread.push(error.what);
      continue;
    }
    const squares = holdsSquares(name);
    for (let index = findBadNumber(values, squares); index >= 0; index = findBadNumber(values, squares, index + 1)) {
      const kind = found[Number.isFinite(values[index]!) ? 'negative' : 'infinite'];
      if (kind.count++ === 0) kind.first = `${values[index]} in ${quoteName(name)} at index ${describeIndex(index, shape)}`;
    }
  }
  const { infinite, negative } = found;
  const lines: string[] = [];
  if (infinite.count > 0) lines.push(`numbers: ${formatCount(infinite.count)} not finite, the first ${infinite.first}`);
  if (negative.count > 0) lines.push(`numbers: ${formatCount(negative.count)} negative variances, the first ${negative.first}`);
  const bad = lines.length > 0;
  const tensors = (count: number): string => `${formatCount(count)} ${count === 1 ? 'tensor' : 'tensors'}`;
  if (unread.length > 0) lines.push(`numbers of ${tensors(unread.length)} cannot be read: ${unread[0]!}`);
  const refused = await refusals(file, bad || unread.length > 0);
  lines.push(...refused.map(({ what, error }) => `the ${what} is refused when it is read: ${error.what}`));
  if (bad && refused.length === 0) lines.push('no network or run that can be used here takes these numbers: nothing is refused for them');
  if (tooLarge > 0) lines.push(`numbers of ${tensors(tooLarge)} too large to be read whole are not looked at`);
  const sound = unread.length === 0 && refused.length === 0;
  return { lines: lines.length > 0 ? lines : [`numbers: all finite${isCheckpoint(file) ? ', and as their checksums say' : ''}`], sound };
}

function tensorsToRead(file: WeightFile, unread: string[]): Iterable<StoredTensor> {
  if (!isCheckpoint(file)) return file.tensors.values();
  try {
    return checkpointTensors(file, '').values();
  } catch (error) {
    if (!isDamage(error)) throw error;
    unread.push(error.what);
    return file.tensors.values();
  }
}

interface Refusal {
  readonly what: string;
  readonly error: ShadegradError;
}

/** The networks and the run that cannot be used for damage. @param numbersToo also reads their numbers */
async function refusals(file: WeightFile, numbersToo: boolean): Promise<Refusal[]> {
  const refused: Refusal[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (isDamage(error)) refused.push({ what, error });
      else if (!(error instanceof ShadegradError)) throw error;
    }
  };
  const readAll = async (tensors: Iterable<NetworkTensor>): Promise<void> => {
    for (const tensor of tensors) if (numbersToo && 4 * elementCount(tensor.shape) <= MOST_BYTES) await tensor.read();
  };
  await attempt('network', async () => {
    for (const { role, prefix, weights } of surveyNetworks(file).found) {
      const under = prefix === '' || prefix === `${role}.` ? '' : ` under ${quoteName(prefix)}`;
      await attempt(role + under, () => readAll(weights.tensors.values()));
    }
  });
  const ofNetworks = refused.length;
  if (!hasRun(file)) return refused;
  await attempt('training run', async () => {
    const { optimizers, state } = await findRun(file);
    if (ofNetworks > 0) throw refused[0]!.error;
    for (const kinds of optimizers.values()) for (const tensors of kinds.values()) await readAll(tensors.values());
    await readAll(state.values());
  });
  return refused;
}
