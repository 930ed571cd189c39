import { codingsOf } from '../../../data/codings/options.js';
import { pairAt, type PairedDataset } from '../../../data/dataset.js';
import type { RgbImage } from '../../../data/image.js';
import { ShadegradError } from '../../../errors.js';
import { loadNetwork } from '../../../exchange/network/load-network.js';
import { checkpointInfo } from '../../../exchange/network/checkpoint-file.js';
import { findNetwork, hasRun, type FoundNetwork } from '../../../exchange/read-weights.js';
import { printableName } from '../../../formats/names.js';
import type { WeightFile } from '../../../formats/weight-file.js';
import type { Gpu } from '../../../gpu/gpu.js';
import { describeArchitecture } from '../../../models/describe.js';
import type { Generator } from '../../../models/kind.js';
import { buildNetwork, isGenerator } from '../../../models/registry.js';
import { evaluatePictures, type EvaluateOptions } from '../../../training/evaluation/evaluate.js';
import type { EvaluatedSample } from '../../../training/evaluation/metric.js';
import { meanImage } from '../../../training/metrics.js';
import { colourHalves } from '../../../training/measured-halves.js';
import { fittedPairs } from '../../../training/paired-evaluator.js';
import { Translator } from '../../../training/translator.js';
import { readProfiles } from '../../images/colour-profiles.js';
import { openPairedFolder, type Split } from '../../images/dataset.js';
import { spread } from '../../../data/spread.js';
import { SAMPLED_PAIRS } from '../../training/data.js';
import { withoutDraws, type EvaluatedRun, type EvaluateRunOptions } from '../../training/evaluated.js';
import { mayDraw } from '../../training/draws.js';
import { readAhead } from '../../../data/read-ahead.js';
import type { OpenWeights } from '../../weights/read.js';

/** What weights that are no run's are evaluated on. */
export interface WeightsToEvaluate {
  readonly opened: OpenWeights;
  /** A folder of pairs. */
  readonly data: string;
  /** The split to measure; undefined for val/, or else test/. */
  readonly split: Split | undefined;
  /** Undefined for that of the run that they are of, where the file says it, or else AtoB. */
  readonly direction: 'AtoB' | 'BtoA' | undefined;
  /** The network that is meant, of a file with several generators. */
  readonly network: string | undefined;
  /** Whether averaged weights take the place of those that were trained, where the file has them. */
  readonly averages: boolean;
  /** Pairs at most, spread over the split. */
  readonly count: number;
}

/** An evaluation of weights, and what they were taken to translate into what. */
export interface EvaluatedWeights extends EvaluatedRun {
  readonly direction: 'AtoB' | 'BtoA';
}

/**
 * Evaluates a generator out of any file of weights on a folder of pairs; beside it the mean of the training pictures, where there are some.
 *
 * @param say prints what the user should know of the file and the data
 * @throws WEIGHTS_UNSUPPORTED for what does not translate pictures; WEIGHTS_MISMATCH where nothing says which of several generators is
 *   meant; BAD_FLAG for several outputs of one that draws nothing; what opening the data throws; as evaluatePictures()
 */
export async function evaluateWeights(
  gpu: Gpu,
  { opened, data, split, direction: named, network: called, averages, count }: WeightsToEvaluate,
  { outputs = 1, onSample, direction: _of, ...options }: EvaluateRunOptions,
  say: (line: string) => void,
): Promise<EvaluatedWeights> {
  const found = networkOf(opened, called, averages);
  const own = directionOf(opened.file);
  const direction = named ?? own ?? 'AtoB';
  if (named === undefined && own === undefined)
    say('what is given is taken for half A, on the left, and what is made for half B (--direction)');
  const network = buildNetwork(found.weights.architecture);
  const isOfPictures = [1, 3].includes((network as Generator).inChannels) && [1, 3].includes((network as Generator).outChannels);
  if (!isGenerator(network) || found.coding || !isOfPictures) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${printableName(opened.path)} is no generator of pictures`, {
      expected: 'a network that translates images of 3 channels (colours) or 1 (grey) at either end',
      received: found.coding ? `one of ${codingsOf(found.coding)!.source.title}` : describeArchitecture(found.weights.architecture),
      fix: 'evaluate the run itself, or its pictures: --made DIR --real DIR',
    });
  }
  if (outputs > 1 && !mayDraw(network)) throw withoutDraws(outputs);
  readProfiles(found.inSrgb ? 'convert' : 'ignore', say);
  const { pairs, of } = await openSplit(data, split);
  const [source, target] = direction === 'AtoB' ? (['a', 'b'] as const) : (['b', 'a'] as const);
  const size = found.imageSize ?? network.imageSizes.own;
  const generator = (await loadNetwork(gpu, found.weights)) as Generator;
  const translator = await Translator.create(gpu, generator, { statistics: found.statistics, size }).catch((error: unknown) => {
    generator.dispose();
    throw error;
  });
  const channels = { [source]: generator.inChannels, [target]: generator.outChannels } as Readonly<Record<'a' | 'b', number>>;
  const { fit } = colourHalves([source, target], { size, loadSize: size }, channels);
  try {
    const chosen = spread(pairs.length, count);
    async function* samples(): AsyncGenerator<EvaluatedSample> {
      let index = 0;
      for await (const pair of readAhead(chosen, async (at) => fit(await pairAt(pairs, at)))) {
        const all: RgbImage[] = [];
        for (let output = 0; output < outputs; output++) all.push(await translator.translate(pair[source], index + output * chosen.length));
        index++;
        yield { name: pair.name, made: all[0]!, real: pair[target], given: pair[source], ...(outputs > 1 && { outputs: all }) };
      }
    }
    const train = of === 'train' ? pairs : await openPairedFolder(data, 'train').catch(() => undefined);
    const constant = train && (await meanImage(fittedPairs(train, spread(train.length, SAMPLED_PAIRS), fit), target));
    const asked: EvaluateOptions = {
      ...options,
      gpu,
      constant,
      onSample: (sample, values, done) => onSample?.(sample, values, done, chosen.length),
    };
    const evaluation = await evaluatePictures(samples(), asked);
    return { ...evaluation, direction, split: of, titles: { given: 'Input', made: 'Output', real: 'Target' } };
  } finally {
    translator.dispose();
    generator.dispose();
  }
}

/** The generator that is meant. @throws as findNetwork() */
function networkOf({ file, ofNetwork }: OpenWeights, called: string | undefined, averages: boolean): FoundNetwork {
  const found = findNetwork(file, 'generator', ofNetwork ? undefined : called);
  return averages || found.averageOf === undefined ? found : findNetwork(file, 'generator', found.averageOf);
}

/** What the run translates into what whose checkpoint a file is; undefined for other files, and for runs that translate both ways. */
function directionOf(file: WeightFile): WeightsToEvaluate['direction'] {
  const direction = hasRun(file) && file.format !== 'pytorch' ? checkpointInfo(file).options.direction : undefined;
  return direction === 'AtoB' || direction === 'BtoA' ? direction : undefined;
}

/** Opens the split that is named, or else val/, test/ or train/, whichever there is. @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE */
async function openSplit(data: string, split: Split | undefined): Promise<{ readonly pairs: PairedDataset; readonly of: Split }> {
  if (split !== undefined) return { pairs: await openPairedFolder(data, split), of: split };
  for (const of of ['val', 'test'] as const) {
    const pairs = await openPairedFolder(data, of).catch((error: unknown) => {
      if (error instanceof ShadegradError && ['DATA_NOT_FOUND', 'DATA_EMPTY'].includes(error.code)) return undefined;
      throw error;
    });
    if (pairs) return { pairs, of };
  }
  return { pairs: await openPairedFolder(data, 'train'), of: 'train' };
}
