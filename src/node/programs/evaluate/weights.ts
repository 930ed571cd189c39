import { codingsOf, readingsOf } from '../../../data/codings/options.js';
import { pairAt, type PairedDataset } from '../../../data/dataset.js';
import type { RgbImage } from '../../../data/image.js';
import { describePrepared, type PreparePlan } from '../../../data/preprocess/prepare.js';
import { ShadegradError } from '../../../errors.js';
import { loadNetwork } from '../../../exchange/network/load-network.js';
import { findNetwork, type FoundNetwork } from '../../../exchange/read-weights.js';
import { printableName } from '../../../formats/names.js';
import type { Gpu } from '../../../gpu/gpu.js';
import { describeArchitecture } from '../../../models/describe.js';
import type { Generator } from '../../../models/kind.js';
import { buildNetwork, isGenerator } from '../../../models/registry.js';
import { evaluatePictures, type EvaluateOptions } from '../../../training/evaluation/evaluate.js';
import type { EvaluatedSample } from '../../../training/evaluation/metric.js';
import { meanImage } from '../../../training/metrics.js';
import { pixelSize } from '../../../pixel-size.js';
import { codedHalves, colourHalves } from '../../../training/measured-halves.js';
import { fittedPairs } from '../../../training/paired-evaluator.js';
import { Translator } from '../../../training/translator.js';
import { readingProfiles } from '../../images/colour-profiles.js';
import { openPairedFolder, type Split } from '../../images/dataset.js';
import { spread } from '../../../data/spread.js';
import { SAMPLED_PAIRS } from '../../training/data.js';
import { AS_STORED } from '../../../training/run/open-data.js';
import { knownOptions, measuredPicture, withoutDraws, type EvaluatedRun, type EvaluateRunOptions } from '../../training/evaluated.js';
import { mayDraw } from '../../training/draws.js';
import { readAhead } from '../../../data/read-ahead.js';
import { publishedFacts } from '../../weights/published.js';
import type { OpenWeights } from '../../weights/read.js';

/** What weights that are no run's are evaluated on. */
export interface WeightsToEvaluate {
  readonly opened: OpenWeights;
  /** A folder of pairs. */
  readonly data: string;
  /** The split to measure; undefined for val/, or else test/. */
  readonly split: Split | undefined;
  /** Undefined for that of the run that they are of, where the file or the published folder says it, or else AtoB. */
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
 * What the file, or the config.json of a published folder, says of the run is gone by: images come to their size and are coded as there.
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
  const alone = networkOf(opened, called, averages);
  const found: FoundNetwork = { ...alone, ...(await publishedFacts(opened, alone.weights.architecture)) };
  const direction = named ?? found.direction ?? 'AtoB';
  if (named === undefined && found.direction === undefined)
    say('what is given is taken for half A, on the left, and what is made for half B (--direction)');
  const network = buildNetwork(found.weights.architecture);
  const codings = found.coding ? codingsOf(found.coding) : null;
  const isOfPictures = isGenerator(network) && [network.inChannels, network.outChannels].every((channels) => [1, 3].includes(channels));
  if (!isGenerator(network) || !(codings || isOfPictures)) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${printableName(opened.path)} is no generator of pictures`, {
      expected:
        'a network that translates images of 3 channels (colours) or 1 (grey) at either end, or a file that says how they are coded',
      received: describeArchitecture(found.weights.architecture),
      fix: 'evaluate the run itself, or its pictures: --made DIR --real DIR',
    });
  }
  if (outputs > 1 && !mayDraw(network)) throw withoutDraws(outputs);
  const { source, target } = direction === 'AtoB' ? ({ source: 'a', target: 'b' } as const) : ({ source: 'b', target: 'a' } as const);
  const plan = planOf(found, network);
  const { size } = plan;
  const readings = found.coding ? readingsOf(found.coding) : {};
  const halves = { ...(readings.source && { [source]: readings.source }), ...(readings.target && { [target]: readings.target }) };
  const { hush: _, ...profiles } = readingProfiles(found.inSrgb ? 'convert' : 'ignore', say);
  const open = (of: Split): Promise<PairedDataset> => openPairedFolder(data, of, { ...AS_STORED, ...profiles, halves });
  const { pairs, of } = await openSplit(open, split);
  const generator = (await loadNetwork(gpu, found.weights, { seed: found.drawSeed ?? 0 })) as Generator;
  const how = { statistics: found.statistics, size, codings };
  const translator = await Translator.create(gpu, generator, how).catch((error: unknown) => {
    generator.dispose();
    throw error;
  });
  const channels = { [source]: generator.inChannels, [target]: generator.outChannels } as Readonly<Record<'a' | 'b', number>>;
  const both = [source, target] as const;
  const { fit, given } = codings ? codedHalves(both, plan, codings) : colourHalves(both, plan, channels);
  const numbers = codings?.target.measured === 'numbers';
  try {
    const chosen = spread(pairs.length, count);
    async function* samples(): AsyncGenerator<EvaluatedSample> {
      let index = 0;
      for await (const pair of readAhead(chosen, async (at) => fit(await pairAt(pairs, at)))) {
        const all: RgbImage[] = [];
        for (let output = 0; output < outputs; output++)
          all.push(measuredPicture(await translator.translate(given(pair), index + output * chosen.length), numbers));
        index++;
        const [wanted, input] = [measuredPicture(pair[target], numbers), measuredPicture(pair[source], numbers)];
        yield { name: pair.name, made: all[0]!, real: wanted, given: input, ...(outputs > 1 && { outputs: all }) };
      }
    }
    const train = of === 'train' ? pairs : await open('train').catch(() => undefined);
    const sampled = train && !numbers && fittedPairs(train, spread(train.length, SAMPLED_PAIRS), fit);
    const asked: EvaluateOptions = {
      ...options,
      options: { ...knownOptions(found.coding), ...options.options },
      gpu,
      constant: sampled ? await meanImage(sampled, target) : undefined,
      onSample: (sample, values, done) => onSample?.(sample, values, done, chosen.length),
    };
    const evaluation = await evaluatePictures(samples(), asked);
    const titles = { given: 'Input', made: 'Output', real: 'Target' };
    return { ...evaluation, direction, split: of, titles, prepared: describePrepared(plan), isFirstWay: true };
  } finally {
    translator.dispose();
    generator.dispose();
  }
}

/** How images come to the size of a network: as in its run, where the file says how, or else all of each is resized to it. */
function planOf({ imageSize, preprocess, loadSize }: FoundNetwork, { imageSizes: { own } }: Generator): PreparePlan {
  const [width, height] = imageSize ?? [own, own];
  const size = pixelSize(width, height);
  return preprocess === undefined ? { size, loadSize: size } : { size, preprocess, loadSize: pixelSize(loadSize ?? width, height) };
}

/** The generator that is meant. @throws as findNetwork() */
function networkOf({ file, ofNetwork }: OpenWeights, called: string | undefined, averages: boolean): FoundNetwork {
  const found = findNetwork(file, 'generator', ofNetwork ? undefined : called);
  return averages || found.averageOf === undefined ? found : findNetwork(file, 'generator', found.averageOf);
}

/** What a file, or the config.json beside it, says that its network translates into what; undefined where that is not known. */
export async function knownDirection(
  opened: OpenWeights,
  called: string | undefined,
  averages: boolean,
): Promise<FoundNetwork['direction']> {
  try {
    const alone = networkOf(opened, called, averages);
    return (await publishedFacts(opened, alone.weights.architecture)).direction ?? alone.direction;
  } catch {
    // What is wrong with the file is told when it is measured.
    return undefined;
  }
}

/** Opens the split that is named, or else val/, test/ or train/, whichever there is. @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_UNREADABLE */
async function openSplit(
  open: (of: Split) => Promise<PairedDataset>,
  split: Split | undefined,
): Promise<{ readonly pairs: PairedDataset; readonly of: Split }> {
  if (split !== undefined) return { pairs: await open(split), of: split };
  for (const of of ['val', 'test'] as const) {
    const pairs = await open(of).catch((error: unknown) => {
      if (error instanceof ShadegradError && ['DATA_NOT_FOUND', 'DATA_EMPTY'].includes(error.code)) return undefined;
      throw error;
    });
    if (pairs) return { pairs, of };
  }
  return { pairs: await open('train'), of: 'train' };
}
