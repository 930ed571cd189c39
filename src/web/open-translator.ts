import { expectOptions } from '../checks.js';
import { ShadegradError } from '../errors.js';
import { describedFormat, NETWORK_FORMAT, readNetworkFile } from '../exchange/network-file.js';
import { loadNetwork } from '../exchange/network/load-network.js';
import { openSafetensors } from '../formats/safetensors-file.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Generator, LabelledGenerator, NetworkKind } from '../models/kind.js';
import { isGenerator, isLabelledGenerator, NETWORKS, networkKind, registerNetwork } from '../models/registry.js';
import { Translator, type TranslatorOptions } from '../training/translator.js';
import { blobSource } from './blob-source.js';

/** Options of openTranslator(): those of a Translator, in place of what the file says, and the kinds of network that it may hold. */
export interface OpenTranslatorOptions extends TranslatorOptions {
  /** Kinds of network that the file may hold, beside those that are known already: all of this library, except in its small bundles. */
  networks?: readonly NetworkKind[];
}

/** A translator with the network that it runs. */
export interface OpenedTranslator {
  /** Translates images. */
  readonly translator: Translator;
  /** The network on the device. */
  readonly generator: Generator | LabelledGenerator;
  /** Names of the labels that the network takes; none where the file names none. */
  readonly labels: readonly string[];
  /** Gives back the memory of both. */
  dispose(): void;
}

/**
 * Opens a file of one generator that this library wrote (`train` and `convert` write such .safetensors files), and makes its translator as
 * the file says: for images of its size, by the statistics that it was trained for.
 *
 * ```ts
 * const { translator } = await openTranslator(await requestGpu(), await (await fetch('generator.safetensors')).blob());
 * const picture = await translator.translate({ width, height, data });
 * ```
 *
 * @throws WEIGHTS_UNSUPPORTED for a file of another format or program, or of a kind of network that is not known; WEIGHTS_CORRUPT,
 *   WEIGHTS_MISMATCH, DATA_UNREADABLE; as Translator.create(). Nothing is left on the device then
 */
export async function openTranslator(gpu: Gpu, file: Blob, options: OpenTranslatorOptions = {}): Promise<OpenedTranslator> {
  const { networks = [], ...chosen } = expectOptions('openTranslator', options, OPTIONS);
  for (const row of networks) if (!NETWORKS.includes(row)) registerNetwork(row);
  const stored = await openSafetensors(blobSource(file));
  if (describedFormat(stored) !== NETWORK_FORMAT) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${stored.name} does not say which network it holds`, {
      expected: 'a .safetensors file of one network, as shadegrad writes it',
      received: describedFormat(stored) ?? 'no description of a network',
      fix: "convert it with `shadegrad convert`, or open it with findNetwork() of 'shadegrad'",
    });
  }
  const { weights, statistics, imageSize, unscaled, labels = [] } = readNetworkFile(stored);
  if (networkKind(weights.architecture.kind).role !== 'generator') throw notAGenerator(weights.architecture.kind);
  const generator = await loadNetwork(gpu, weights);
  try {
    if (!isGenerator(generator) && !isLabelledGenerator(generator)) throw notAGenerator(weights.architecture.kind);
    const fromFile = { statistics, ...(unscaled ? { fit: 'pad' as const } : imageSize && { size: imageSize }) };
    const translator = await Translator.create(gpu, generator, { ...fromFile, ...chosen });
    return {
      translator,
      generator,
      labels,
      dispose() {
        translator.dispose();
        generator.dispose();
      },
    };
  } catch (error) {
    generator.dispose();
    throw error;
  }
}

const OPTIONS = [
  'networks',
  'dropout',
  'statistics',
  'size',
  'fit',
  'tile',
  'overlap',
  'ensemble',
  'codings',
] as const satisfies readonly (keyof OpenTranslatorOptions)[];

function notAGenerator(kind: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', 'the network of a file to translate images with', {
    expected: 'a generator that translates images',
    received: kind,
    fix: 'choose the file of the generator',
  });
}
