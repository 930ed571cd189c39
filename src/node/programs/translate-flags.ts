import { oneLine } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { ENSEMBLES, type EnsembleName } from '../../training/ensembles.js';
import { FITS, type FitName } from '../../training/fits/registry.js';
import type { TranslatedSize } from '../../training/fits/sides.js';
import { STANDARD_STREAM } from '../files/standard-streams.js';
import { COLOR_PROFILE_FLAG } from '../images/colour-profiles.js';
import { PICTURE_FORMATS, type PictureFormatName } from '../images/encode.js';
import { isValueFormat, VALUE_FORMATS, type ValueFormatName } from '../images/encode-values.js';
import { MAX_PIXELS } from '../images/limits.js';
import type { FlagValues, Program } from '../terminal/flags.js';
import { OPTIONS_FLAG } from '../terminal/options-file.js';
import { QUIET_FLAG } from '../terminal/remarks.js';
import { shardFlag } from '../terminal/shard.js';
import { REMOTE_FORMS } from '../weights/remote/registry.js';

/** The name of a format that results are written in. */
export type ResultFormat = PictureFormatName | ValueFormatName;

/** The ending of the files of a format. */
export const endingOf = (format: ResultFormat): string => (isValueFormat(format) ? VALUE_FORMATS[format] : PICTURE_FORMATS[format]).ending;

/** What becomes of the colour profiles of images that are translated. */
const TRANSLATED_PROFILES =
  'of images with a colour profile (ICC) that is not of sRGB: ignore, take the numbers in the file as they are, and give results the ' +
  'profile; convert, bring colours to sRGB, which results are in, too; by default as the training did';

/** Formats whose files are smaller the less of the picture they keep. */
const WITH_QUALITY = Object.entries(PICTURE_FORMATS)
  .filter(([, { quality }]) => quality !== null)
  .map(([name]) => name);

/** The table of `shadegrad translate`. */
export const TRANSLATE_PROGRAM = {
  usage: 'npx shadegrad translate --weights FILE|DIR --input FILE|DIR --output DIR [flags]',
  summary:
    'Translates images of any size (JPEG, PNG, WebP, TIFF, AVIF, GIF, BMP) with a generator that was trained here, or one of ' +
    "PyTorch, TensorFlow or a browser demo. Each result is a picture under the image's own name.",
  fixed: { model: 'test', epoch: 'latest', load_iter: '0', phase: 'test', aspect_ratio: '1', dataset_mode: 'single' },
  flags: [
    {
      name: 'weights',
      group: 'Files',
      reference: ['name', 'checkpoints_dir'],
      type: 'string',
      placeholder: 'FILE|DIR|URL',
      description:
        'a training run (its folder or its checkpoint.safetensors), a .pth of the PyTorch reference (latest_net_G.pth), ' +
        `another .safetensors, a .pict, or a TensorFlow.js model.json; or an address of one: ${REMOTE_FORMS}`,
    },
    {
      name: 'network',
      group: 'Files',
      reference: ['model_suffix'],
      type: 'string',
      placeholder: 'NAME',
      description: 'of a run with several generators the one to translate with: generatorA (A to B) or generatorB (B to A) of CycleGAN',
    },
    {
      name: 'input',
      group: 'Files',
      reference: ['dataroot'],
      type: 'list',
      placeholder: 'FILE|DIR ...',
      description:
        "an image, a folder of images or a pattern such as 'photos/**/*.jpg' (in quotes), or several of them; results of one lie in " +
        'folders as its images do; -: one image from stdin',
    },
    {
      name: 'output',
      group: 'Files',
      reference: ['results_dir'],
      type: 'string',
      placeholder: 'DIR',
      description: 'folder for the results; made if missing, files of the same name are replaced; -: a single result to stdout',
    },
    {
      name: 'format',
      group: 'Files',
      type: 'choice',
      choices: [...Object.keys(PICTURE_FORMATS), ...Object.keys(VALUE_FORMATS)] as ResultFormat[],
      default: 'png',
      description: `what results are written as: ${Object.entries(PICTURE_FORMATS)
        .map(([name, { description, quality }]) => `${name}, ${description}${quality === null ? '' : ` (quality ${quality})`}`)
        .join('; ')}; ${Object.entries(VALUE_FORMATS)
        .map(([name, { description }]) => `${name}, ${description}`)
        .join('; ')}. Results that are no colours are written as npy, too`,
    },
    {
      name: 'quality',
      group: 'Files',
      type: 'integer',
      min: 1,
      max: 100,
      description: `quality of ${WITH_QUALITY.join(' and ')}; by default as --format says`,
    },
    {
      name: 'label',
      group: 'Translation',
      type: 'list',
      placeholder: 'NAME ...',
      description:
        'what the images are to become, for a network that takes labels, such as StarGAN: every label that they are to have, or none; ' +
        'of a file without names of labels their numbers from 0',
    },
    {
      name: 'size',
      group: 'Translation',
      type: 'string',
      placeholder: 'N|WxH|image',
      description:
        "size at which images are translated, multiples of the network's; image: each at its own, aspect and all; by default the network's",
    },
    {
      name: 'fit',
      group: 'Translation',
      type: 'choice',
      choices: Object.keys(FITS) as FitName[],
      default: 'resize',
      description: `how images of other sizes go through; of a run with --preprocess crop or none by default pad: ${Object.entries(FITS)
        .map(([name, { description }]) => `${name}, ${description}`)
        .join('; ')}`,
    },
    {
      name: 'tile',
      group: 'Translation',
      type: 'string',
      placeholder: 'N|WxH',
      description: "size of the tiles of --fit tiles, multiples of the network's; by default the network's size",
    },
    {
      name: 'overlap',
      group: 'Translation',
      type: 'integer',
      min: 0,
      max: 16_384,
      description: 'pixels that neighbouring tiles share at least, less than half of a tile; by default a quarter of it',
    },
    {
      name: 'ensemble',
      group: 'Translation',
      type: 'choice',
      choices: Object.keys(ENSEMBLES) as EnsembleName[],
      description: `the mean of several results: ${Object.entries(ENSEMBLES)
        .map(([name, { description }]) => `${name}, ${description}`)
        .join('; ')}`,
    },
    {
      name: 'frames',
      group: 'Files',
      type: 'string',
      placeholder: 'WxH',
      description:
        'stdin is a film: frames of this size, rgb24 without anything between (ffmpeg -f rawvideo); the results go to stdout likewise',
    },
    {
      name: 'smooth',
      group: 'Translation',
      type: 'number',
      min: 0,
      max: 0.99,
      description: 'with --frames: weight of the mean of the results before in each result, for less flicker; by default none',
    },
    {
      name: 'half',
      group: 'Files',
      type: 'choice',
      choices: ['left', 'right'],
      description: 'the images are side-by-side pairs: translate this half of each',
    },
    {
      name: 'seed',
      group: 'Translation',
      type: 'integer',
      min: 0,
      max: 0xffff_ffff,
      default: 0,
      description: 'chooses the dropout masks and random numbers, so the variant of each result',
    },
    {
      name: 'samples',
      group: 'Translation',
      type: 'integer',
      min: 1,
      max: 1000,
      default: 1,
      description: 'so many results of each image, NAME-1.png and on, of this seed and those after it; says how much they differ',
    },
    { ...shardFlag('the images, in the order of their list,'), group: 'Files' },
    {
      name: 'statistics',
      group: 'Translation',
      type: 'choice',
      choices: ['batch', 'running'],
      description: "what the norms use: batch, each image's own, or running, those of the training; by default as the file's makers do",
    },
    {
      name: 'dropout',
      group: 'Translation',
      reference: ['no_dropout'],
      type: 'boolean',
      default: true,
      description: 'no dropout: one result whatever the seed, but for random numbers (train --z); a little smoother',
    },
    { ...COLOR_PROFILE_FLAG, group: 'Files', description: TRANSLATED_PROFILES },
    { ...OPTIONS_FLAG, group: 'Files' },
    { ...QUIET_FLAG, group: 'This machine' },
    {
      name: 'adapter',
      group: 'This machine',
      type: 'string',
      placeholder: 'NAME',
      description: "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name",
    },
  ],
  examples: [
    { command: 'npx shadegrad translate --weights runs/facades --input labels/ --output photos/', description: 'A folder of label maps:' },
    {
      command: 'npx shadegrad translate --weights runs/facades --input facades/test --half right --output photos/',
      description: 'The label halves of pairs:',
    },
    {
      command: 'npx shadegrad translate --weights runs/stargan --label brick night --input photos/ --output nights/',
      description: 'Photos as labels say:',
    },
    {
      command: 'npx shadegrad translate --weights latest_net_G.pth --input labels/ --output photos/ --size image',
      description: 'Each image at its own size:',
    },
    {
      command: 'npx shadegrad translate --weights runs/facades --input large.png --output photos/ --fit tiles',
      description: 'A large image in tiles of what the network takes:',
    },
    {
      command: 'npx shadegrad translate --weights runs/facades --input - --output - --format jpeg < label.png > photo.jpg',
      description: 'One image through a pipe:',
    },
    {
      command:
        'ffmpeg -i in.mp4 -f rawvideo -pix_fmt rgb24 - | npx shadegrad translate --weights runs/facades --frames 640x360 --fit pad ' +
        '--input - --output - | ffmpeg -f rawvideo -pix_fmt rgb24 -s 640x360 -i - out.mp4',
      description: 'A film, frame by frame:',
    },
  ],
} as const satisfies Program;

/** The values of the flags of `shadegrad translate`. */
export type TranslateFlags = FlagValues<typeof TRANSLATE_PROGRAM>;

/** Checks what no row of the table can say. @throws BAD_FLAG for flags that do not go with others */
export function checkTogether(flags: TranslateFlags): void {
  checkFit(flags);
  checkFiles(flags);
  checkFrames(flags);
}

/** @throws BAD_FLAG for a quality that the format has not, and for more than one image through a pipe */
function checkFiles({ input, output, samples, format, quality, shard }: TranslateFlags): void {
  if (quality !== undefined && (isValueFormat(format) || PICTURE_FORMATS[format].quality === null)) {
    throw new ShadegradError('BAD_FLAG', `--quality means nothing with --format ${format}`, {
      expected: `--quality with --format ${WITH_QUALITY.join(' or ')}`,
      received: `--quality ${quality}`,
      fix: `leave it out, or write --format ${WITH_QUALITY[0]}`,
    });
  }
  if (input?.includes(STANDARD_STREAM) && input.length > 1) throw notAlone('--input', 'no other input', input.join(' '));
  if (input?.includes(STANDARD_STREAM) && shard !== undefined) throw notAlone('--input', 'no other part', `--shard ${shard}`);
  if (output === STANDARD_STREAM && samples > 1) throw notAlone('--output', 'one result', `--samples ${samples}`);
}

/** @throws BAD_FLAG for frames from and to elsewhere than a pipe, and for what means nothing with or without frames */
function checkFrames({ frames, smooth, input, output, samples, format, quality }: TranslateFlags): void {
  const refuse = (what: string, expected: string, received: string, fix: string): never => {
    throw new ShadegradError('BAD_FLAG', what, { expected, received, fix });
  };
  if (frames === undefined) {
    if (smooth !== undefined) refuse('--smooth is for --frames', '--frames with it', `--smooth ${smooth}`, 'leave it out');
    return;
  }
  const piped = `--input ${STANDARD_STREAM} --output ${STANDARD_STREAM}`;
  if (input?.[0] !== STANDARD_STREAM || output !== STANDARD_STREAM) {
    const received = `--input ${input?.[0] ?? 'nothing'} --output ${output ?? 'nothing'}`;
    refuse('--frames come from stdin and go to stdout', piped, oneLine(received, 80), `write ${piped}`);
  }
  const others = [samples > 1 && '--samples', format !== 'png' && '--format', quality !== undefined && '--quality'];
  const other = others.find((name) => name !== false);
  if (other) refuse(`${other} means nothing with --frames`, 'one result of each frame, as rgb24', other, 'leave it out');
}

/** Reads --frames. @throws BAD_FLAG */
export function parseFrames(text: string): [width: number, height: number] {
  const [, width = 0, height = 0] = (/^(\d{1,5})x(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (width * height > 0 && width * height <= MAX_PIXELS) return [width, height];
  throw new ShadegradError('BAD_FLAG', 'Bad value for --frames', {
    expected: `WIDTHxHEIGHT in pixels, at most ${MAX_PIXELS / 1e6} megapixels`,
    received: oneLine(text, 40),
    fix: 'write --frames 640x360, the size of the frames that come',
  });
}

/** The error of what does not go with a standard stream. */
export function notAlone(flag: '--input' | '--output', expected: string, received: string): ShadegradError {
  const input = flag === '--input';
  return new ShadegradError('BAD_FLAG', `${flag} ${STANDARD_STREAM} is ${input ? 'one image from stdin' : 'one result to stdout'}`, {
    expected: `${expected} with it`,
    received: oneLine(received, 80),
    fix: input ? `leave out the others; a file of that name is ./${STANDARD_STREAM}` : 'name a folder with --output',
  });
}

/** @throws BAD_FLAG for flags that the way of fitting does not go by */
function checkFit({ fit, size, tile, overlap }: TranslateFlags): void {
  const { takesSize, takesTile } = FITS[fit];
  const refuse = (flag: string, fix: string): never => {
    throw new ShadegradError('BAD_FLAG', `--${flag} means nothing with --fit ${fit}`, {
      expected: `--fit ${fit} without it`,
      received: `--${flag}`,
      fix,
    });
  };
  if (!takesSize && size !== undefined && size !== 'image') refuse('size', 'leave it out: the images keep their size');
  if (!takesTile && tile !== undefined) refuse('tile', 'write --fit tiles with it, or leave it out');
  if (!takesTile && overlap !== undefined) refuse('overlap', 'write --fit tiles with it, or leave it out');
}

/** Reads --size. @throws BAD_FLAG */
export const parseSize = (text: string): TranslatedSize => (text === 'image' ? text : parseSides(text, 'size'));

/** Reads the sides of --size or --tile. @throws BAD_FLAG */
export function parseSides(text: string, flag: 'size' | 'tile'): [width: number, height: number] {
  const [, width, height = width] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(text) ?? [];
  if (width !== undefined) return [Number(width), Number(height)];
  const image = flag === 'size';
  throw new ShadegradError('BAD_FLAG', `Bad value for --${flag}`, {
    expected: `a side in pixels, ${image ? 'WIDTHxHEIGHT, or image' : 'or WIDTHxHEIGHT'}`,
    received: oneLine(text, 40),
    fix: image ? 'write --size 512, --size 512x256 or --size image' : 'write --tile 256 or --tile 256x128',
  });
}

/** A flag that cannot be left out. @throws BAD_FLAG */
export function required<Name extends 'weights' | 'input' | 'output'>(
  flags: TranslateFlags,
  name: Name,
): NonNullable<TranslateFlags[Name]> {
  const value = flags[name];
  if (value !== undefined) return value;
  throw new ShadegradError('BAD_FLAG', `--${name} is missing`, { fix: `write ${TRANSLATE_PROGRAM.usage}` });
}
