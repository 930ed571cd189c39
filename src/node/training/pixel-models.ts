import { codingsOf } from '../../data/codings/options.js';
import { classesOf } from '../../data/palettes/label-map.js';
import type { Palette } from '../../data/palettes/palette.js';
import { paletteOf } from '../../data/palettes/registry.js';
import { ShadegradError } from '../../errors.js';
import { loadNetwork } from '../../exchange/network/load-network.js';
import { checkpointInfo } from '../../exchange/network/checkpoint-file.js';
import { findNetwork, hasRun, type FoundNetwork } from '../../exchange/read-weights.js';
import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import { describeArchitecture } from '../../models/describe.js';
import type { Generator } from '../../models/kind.js';
import { buildNetwork, isGenerator } from '../../models/registry.js';
import { Segmenter } from '../../models/segmenter.js';
import { LabelMapCheck } from '../../training/evaluation/label-maps.js';
import type { PixelModel } from '../../training/evaluation/metric.js';
import { Translator } from '../../training/translator.js';
import { openOnnx } from '../weights/onnx.js';
import { formatByName } from '../../exchange/open-weights.js';
import { localFile, openWeights, type OpenWeights } from '../weights/read.js';
import { makesNoLabelMaps } from './segmenter-data.js';

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
  const opened = await openWeights(path).catch(refused(path));
  try {
    const found = await Promise.resolve()
      .then(() => findNetwork(opened.file, 'generator'))
      .catch(refused(path));
    const network = pictureNetwork(found, path);
    if (network.outChannels === 3 && !found.coding) await expectLabelMaps(opened, path, named);
    const title = `${printableName(path)}: ${describeArchitecture(found.weights.architecture)}`;
    return { title, ...(await networkModel(gpu, found, network, named)) };
  } finally {
    await opened.close();
  }
}

/** What a segmenter may be. */
const SEGMENTERS =
  'a run of train --scheme segmentation, its folder, checkpoint or weights; weights of another network of photos in colours to ' +
  `${CLASSES.least} to ${CLASSES.most} channels, or to label maps; or an .onnx of [batch, 3, height, width] from -1 to 1 to a channel ` +
  'for each class';

/** Says of what cannot be opened as weights what a segmenter may be: who opens them to convert or to translate is told other things. */
const refused =
  (path: string) =>
  (error: unknown): never => {
    if (!(error instanceof ShadegradError) || !/^(WEIGHTS|DATA)_/.test(error.code)) throw error;
    const { code, what, expected, received } = error;
    const found = [
      expected === undefined ? undefined : `expected ${expected}`,
      received === undefined ? undefined : `received ${received}`,
    ];
    const why = found.filter((part) => part !== undefined).join(', ');
    throw new ShadegradError(code, `${printableName(path)} cannot be taken for a segmenter`, {
      expected: SEGMENTERS,
      received: why === '' ? what : `${what} (${why})`,
      fix: 'train one (npx shadegrad train --scheme segmentation --data DIR --out RUN), and name its folder: --segmenter RUN',
      cause: error,
    });
  };

/** @throws WEIGHTS_UNSUPPORTED for the run of a network that is trained to make something else than label maps, such as photos of them */
async function expectLabelMaps({ file }: OpenWeights, path: string, palette: Palette | null): Promise<void> {
  if (!hasRun(file) || file.format === 'pytorch') return;
  const { options } = checkpointInfo(file);
  if (!(await makesNoLabelMaps(options, palette))) return;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${printableName(path)} makes no label maps, and is no segmenter`, {
    expected: `a network that makes label maps${palette ? ` of ${palette.title}` : ''} of photos`,
    received:
      `a run (--direction ${String(options.direction)}) that is trained to make ` +
      (palette ? `pictures with hardly a colour of ${palette.title}` : 'something else of label maps'),
    fix:
      'name a run of train --scheme segmentation, or of pix2pix in the other direction ' +
      `(--direction ${options.direction === 'AtoB' ? 'BtoA' : 'AtoB'}), photos to label maps`,
  });
}

/** @throws WEIGHTS_UNSUPPORTED for a network that takes no photos */
function pictureNetwork({ weights: { architecture } }: FoundNetwork, path: string): Generator {
  const network = buildNetwork(architecture);
  const { least, most } = CLASSES;
  if (isGenerator(network) && network.inChannels === 3 && network.outChannels >= least && network.outChannels <= most) return network;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${printableName(path)} is no model of the classes of pixels`, {
    expected: SEGMENTERS,
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
  // Whatever makes pictures gives some class for each of their pixels: the reader is told where they are no label maps.
  const check = isOfClasses || !named ? null : new LabelMapCheck(named);
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
      const made = await translator.translate(image);
      check?.add(made);
      return classesOf(made, palette);
    },
    ...(check && {
      remarks: () => check.remarks('the pictures that the segmenter makes', 'Name a network that makes label maps of photos'),
    }),
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
  const run = await openOnnx(path).catch(refused(path));
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
      const logits = await run(numbers, [1, height, width, 3]).catch(refused(path));
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
