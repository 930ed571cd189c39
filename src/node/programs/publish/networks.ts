import { basename, join } from 'node:path';
import { networksIn, type FoundNetwork } from '../../../exchange/read-weights.js';
import { checkReference, encodeWeights } from '../../../exchange/write-weights.js';
import { hasOnnxGraph } from '../../../exchange/onnx/export-network.js';
import type { NetworkWeights } from '../../../exchange/network/network-weights.js';
import type { WeightFile } from '../../../formats/weight-file.js';
import { ShadegradError } from '../../../errors.js';
import type { Gpu } from '../../../gpu/gpu.js';
import { describeArchitecture } from '../../../models/describe.js';
import { isNoiseGenerator } from '../../../models/noise.js';
import { buildNetwork, isGenerator, isLabelledGenerator, labelCount } from '../../../models/registry.js';
import type { TrainingScheme } from '../../../training/scheme.js';
import { makeFolder, writeFileAtomic } from '../../files/atomic.js';
import { traceOnnx, writeOnnx } from '../../weights/onnx.js';
import type { GivenPicture } from './given.js';
import type { NetworkUse, PublishedNetwork } from './published-network.js';

/** A generator of a run, by its name there. */
export interface RunGenerator {
  readonly name: string;
  readonly found: FoundNetwork;
  /** What its files are called, without ending. */
  readonly stem: string;
}

/**
 * The generators of a run: of one that keeps running averages, those.
 *
 * @param averages whether averages take the place of what was trained
 */
export function generatorsOf(file: WeightFile, { pytorch }: TrainingScheme, averages: boolean): RunGenerator[] {
  const all = networksIn(file).filter(({ role }) => role === 'generator');
  const trained = all.filter(({ averageOf }) => averageOf === undefined);
  return trained.map((network) => {
    const name = network.prefix.replace(/\.$/, '');
    const average = averages ? all.find(({ averageOf }) => averageOf === name) : undefined;
    const stem = trained.length === 1 ? 'model' : `net_${pytorch?.names[name] ?? name}`;
    return { name, found: average ?? network, stem };
  });
}

/** What a card says of how a network is used. */
export function useOf({ weights: { architecture }, coding, labels = [], imageSize }: FoundNetwork): NetworkUse {
  const network = buildNetwork(architecture);
  const count = labelCount(network);
  const named = labels.length > 0 ? labels : Array.from({ length: count }, (_, index) => String(index));
  const common = {
    ...{ labels: named, dropout: (network.options as { readonly dropout?: number }).dropout ?? 0 },
    ...(coding?.palette !== undefined && { tellsClasses: true }),
  };
  if (isNoiseGenerator(network)) {
    const { size, channels, black } = network.makes;
    const { numbers, drawn } = network.takes;
    const isPlain = [1, 3].includes(channels) && named.length === count;
    return {
      ...{ ...common, kind: 'makes', inChannels: numbers, outChannels: channels, size: [size, size], black, noise: { numbers, drawn } },
      plain: isPlain,
    };
  }
  if (!isGenerator(network) && !isLabelledGenerator(network)) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', 'A generator that neither translates images nor makes them of random numbers', {
      received: describeArchitecture(architecture),
      fix: 'write a file of it: npx shadegrad convert',
    });
  }
  const { inChannels, outChannels, imageSizes } = network;
  const isPlain = coding === undefined && [inChannels, outChannels].every((channels) => channels === 1 || channels === 3);
  return {
    ...{ ...common, kind: 'translates', inChannels, outChannels, size: imageSize ?? [imageSizes.own, imageSizes.own] },
    plain: isPlain && named.length === count && !(network.options as { readonly noise?: number }).noise,
  };
}

/** Writes a generator into a folder: weights, and an ONNX model where ONNX can say it. */
export async function writeGenerator(
  gpu: Gpu,
  folder: string,
  { name, found, stem }: RunGenerator,
  { onnx, given }: { readonly onnx: boolean; readonly given: GivenPicture },
): Promise<PublishedNetwork> {
  const file = `${stem}.safetensors`;
  const forPyTorch = isForPyTorch(found.weights);
  // PyTorch's layout where PyTorch has such a network: both it and this library read the file.
  await writeFileAtomic(join(folder, file), encodeWeights(found, 'safetensors', { layout: forPyTorch ? 'pytorch' : 'shadegrad' }));
  const model = onnx ? await writeModel(gpu, join(folder, 'onnx', `${stem}.onnx`), found) : 'it was left out';
  return {
    ...{ name, file, forPyTorch, given, use: useOf(found), description: describeArchitecture(found.weights.architecture) },
    ...{ onnx: model === undefined ? `onnx/${stem}.onnx` : undefined, withoutOnnx: model },
    averaged: found.averageOf !== undefined,
  };
}

/** Whether PyTorch's programs take a state dict of a network. */
function isForPyTorch(weights: NetworkWeights): boolean {
  try {
    checkReference(weights);
    return true;
  } catch (error) {
    if (error instanceof ShadegradError && error.code === 'WEIGHTS_UNSUPPORTED') return false;
    throw error;
  }
}

/** @returns why there is no model; undefined where there is one */
async function writeModel(gpu: Gpu, path: string, found: FoundNetwork): Promise<string | undefined> {
  try {
    await makeFolder(join(path, '..'));
    await (hasOnnxGraph(found.weights.architecture) ? writeOnnx(found, path, {}) : traceOnnx(gpu, found, path, {}));
    return undefined;
  } catch (error) {
    if (error instanceof ShadegradError && error.code === 'WEIGHTS_UNSUPPORTED') return `${basename(path)}: ${error.what}`;
    throw error;
  }
}
