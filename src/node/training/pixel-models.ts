import { codingsOf } from '../../data/codings/options.js';
import { classesOf } from '../../data/palettes/label-map.js';
import type { Palette } from '../../data/palettes/palette.js';
import { paletteOf } from '../../data/palettes/registry.js';
import { ShadegradError } from '../../errors.js';
import { loadNetwork } from '../../exchange/network/load-network.js';
import { findNetwork, type FoundNetwork } from '../../exchange/read-weights.js';
import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import { describeArchitecture } from '../../models/describe.js';
import type { Generator } from '../../models/kind.js';
import { buildNetwork, isGenerator } from '../../models/registry.js';
import { Segmenter } from '../../models/segmenter.js';
import type { PixelModel } from '../../training/evaluation/metric.js';
import { Translator } from '../../training/translator.js';
import { openOnnx } from '../weights/onnx.js';
import { formatByName } from '../../exchange/open-weights.js';
import { localFile, openWeights } from '../weights/read.js';

/** Classes that a model can tell apart. */
const CLASSES = { least: 2, most: 254 } as const;

/**
 * Opens a model that tells the class of each pixel: a run of a segmenter or its weights, a network that makes label maps of photos (in the
 * colours of a palette), or an ONNX model of photos from -1 to 1 to a channel for each class.
 *
 * @param path of a file or a folder, or an address that weights are fetched from
 * @param palette its classes and their colours, as paletteOf() takes them, where its file does not say
 * @throws what opening weights throws; WEIGHTS_UNSUPPORTED for a network of other things, and for an ONNX model without onnxruntime-node
 */
export async function openPixelModel(gpu: Gpu, path: string, palette?: string): Promise<PixelModel> {
  const named = palette === undefined ? null : paletteOf(palette);
  if (formatByName(path.split('#')[0]!) === 'onnx')
    return { ...(await onnxModel(await localFile(path), named)), title: printableName(path) };
  const opened = await openWeights(path);
  try {
    const found = findNetwork(opened.file, 'generator');
    const network = pictureNetwork(found, path);
    const title = `${printableName(path)}: ${describeArchitecture(found.weights.architecture)}`;
    return { title, ...(await networkModel(gpu, found, network, named)) };
  } finally {
    await opened.close();
  }
}

/** @throws WEIGHTS_UNSUPPORTED for a network that takes no photos */
function pictureNetwork({ weights: { architecture } }: FoundNetwork, path: string): Generator {
  const network = buildNetwork(architecture);
  const { least, most } = CLASSES;
  if (isGenerator(network) && network.inChannels === 3 && network.outChannels >= least && network.outChannels <= most) return network;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${printableName(path)} is no model of the classes of pixels`, {
    expected: `a segmenter (train --scheme segmentation), or another network of photos in colours to ${least} to ${most} channels`,
    received: describeArchitecture(architecture),
    fix: 'name the folder of a run of --scheme segmentation',
  });
}

async function networkModel(gpu: Gpu, found: FoundNetwork, network: Generator, named: Palette | null): Promise<PixelModel> {
  const { outChannels: channels, imageSizes } = network;
  const own = found.coding?.palette === undefined ? null : paletteOf(found.coding.palette);
  if (own && named && !alike(own, named)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'the palette of the segmenter', {
      expected: `${own.name}, which it was trained with`,
      received: named.name,
      fix: 'leave out --segmenter-palette',
    });
  }
  // A channel for each class; of another network its pictures are label maps.
  const isOfClasses = own !== null || network instanceof Segmenter || channels !== 3;
  const palette = isOfClasses ? (own ?? numbered(channels)) : named;
  const size = found.imageSize ?? imageSizes.own;
  const codings = isOfClasses ? codingsOf({ palette: palette!.name }) : null;
  const generator = (await loadNetwork(gpu, found.weights)) as Generator;
  const how = { dropout: false, statistics: found.statistics, size, codings };
  const translator = await Translator.create(gpu, generator, how).catch((error: unknown) => {
    generator.dispose();
    throw error;
  });
  return {
    size,
    palette: named ?? own,
    ...(isOfClasses && { classes: channels }),
    async classesOf(image) {
      if (!palette) throw withoutPalette();
      return classesOf(await translator.translate(image), palette);
    },
    dispose() {
      translator.dispose();
      generator.dispose();
    },
  };
}

/** Whether two palettes have the same classes by their colours. */
const alike = (one: Palette, other: Palette): boolean =>
  one.classes.map(({ colour }) => colour.join()).join(' ') === other.classes.map(({ colour }) => colour.join()).join(' ');

const withoutPalette = (): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', 'the palette of a network that makes label maps', {
    expected: 'the classes and colours of its label maps',
    received: 'a file that does not say',
    fix: 'name them when the model is opened: --segmenter-palette',
  });

/** A palette for classes of which nothing but the number is known: a colour of its own for each. */
const numbered = (classes: number): Palette =>
  paletteOf(Array.from({ length: classes }, (_, index) => `class ${index}=${index.toString(16).padStart(6, '0')}`).join());

/** @throws WEIGHTS_UNSUPPORTED where nothing runs it, WEIGHTS_MISMATCH for a model of other pictures */
async function onnxModel(path: string, palette: Palette | null): Promise<PixelModel> {
  const run = await openOnnx(path);
  if (!run) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${printableName(path)} needs a program that runs ONNX models`, {
      expected: 'the package onnxruntime-node',
      received: 'none is installed',
      fix: 'npm install onnxruntime-node, or name a run of train --scheme segmentation',
    });
  }
  return {
    ...{ size: null, palette },
    async classesOf({ width, height, data }) {
      const numbers = Float32Array.from(data, (byte) => byte / 127.5 - 1);
      const logits = await run(numbers, [1, height, width, 3]);
      const pixels = width * height;
      const classes = logits.length / pixels;
      if (!Number.isInteger(classes) || classes < 2 || (palette !== null && classes !== palette.classes.length)) {
        throw new ShadegradError('WEIGHTS_MISMATCH', `${printableName(path)} does not give a channel for each class of each pixel`, {
          expected: `[1, ${palette?.classes.length ?? 'classes'}, ${height}, ${width}] for a photo of these sides`,
          received: `${logits.length} numbers`,
          fix: 'use a model whose result has the sides of its input, and name its classes: --segmenter-palette',
        });
      }
      const found = new Uint8Array(pixels);
      for (let pixel = 0; pixel < pixels; pixel++) {
        const from = pixel * classes;
        for (let each = 1; each < classes; each++) if (logits[from + each]! > logits[from + found[pixel]!]!) found[pixel] = each;
      }
      return found;
    },
  };
}
