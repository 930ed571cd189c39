// first driver only: it runs programs. not in browsers: likewise. Arrays, index maps and CIELAB, through the command line.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PNG } from 'pngjs';
import { labOf } from '../../../src/data/lab.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { decodeNpy, encodeNpy } from '../../../src/node/images/npy.js';
import { encodePng, readImage } from '../../../src/node/images/read.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { buildLibrary, failedWith, readLogLines, run, succeeded, temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('channels');
const SIDE = 32;
const TINY = ['--no-tune', '--size', String(SIDE), '--ngf', '2', '--ndf', '2', '--validate', '1', '--preset', 'preview', '--jitter'];
const photos = syntheticFacades({ count: 3, size: SIDE, seed: 5, split: 'test' });

/** Writes the files of one half: two to train on, one to measure. */
async function half(path: string, ending: string, make: (index: number) => Promise<Uint8Array> | Uint8Array): Promise<void> {
  for (const index of [0, 1, 2]) {
    const split = join(folder, path.replace('*', index < 2 ? 'train' : 'val'));
    mkdirSync(split, { recursive: true });
    writeFileSync(join(split, `${index}.${ending}`), await make(index));
  }
}

const photo = async (index: number): Promise<Uint8Array> => encodePng((await photos.get(index)).a);
const waves = (channels: number, scale: number) => (index: number) =>
  encodeNpy(
    Float32Array.from({ length: SIDE * SIDE * channels }, (_, at) => scale * Math.sin(at / 9 + index)),
    SIDE,
    SIDE,
    channels,
  );
/** A grey picture of the numbers 0 to 4. */
const map = (index: number): Uint8Array => {
  const png = new PNG({ width: SIDE, height: SIDE, colorType: 0, inputColorType: 0, inputHasAlpha: false });
  png.data = Buffer.from(Uint8Array.from({ length: SIDE * SIDE }, (_, at) => (Math.floor(at / 40) + index) % 5));
  return PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false });
};

test.before(async () => {
  buildLibrary();
  await half('arrays/*/A', 'npy', waves(2, 5));
  await half('arrays/*/B', 'npy', waves(4, 100));
  await half('maps/*/A', 'png', map);
  await half('maps/*/B', 'png', photo);
  await half('photos/*', 'png', photo);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const train = (...flags: string[]): Promise<string> => run('shadegrad', ['train', ...flags]).then(succeeded);
const checkpointOf = (out: string): string => join(out, 'checkpoint.safetensors');
const translate = (out: string, input: string, output: string, ...flags: string[]) =>
  run('shadegrad', ['translate', '--weights', out, '--input', join(folder, input), '--output', output, ...flags]);

test('arrays of any channels: trained, gone on with to the bit, measured and translated into arrays', async () => {
  const [whole, parts, made] = ['arrays-whole', 'arrays-parts', 'arrays-made'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const data = ['--data', join(folder, 'arrays'), '--direction', 'AtoB', '--in-channels', '2', '--out-channels', '4'];
  const flags = [...TINY, ...data, '--in-range=-5,5', '--out-range=-100,100'];
  failedWith(await run('shadegrad', ['train', ...TINY, ...data, '--out', whole]), 'IMAGE_UNSUPPORTED', /0\.npy/, /--in-range/);
  failedWith(await run('shadegrad', ['train', ...TINY, ...data, '--in-range', '5', '--out', whole]), 'BAD_FLAG', /--in-range/, /0,4096/);
  await train(...flags, '--steps', '2', '--out', whole);
  await train(...flags, '--steps', '1', '--out', parts);
  await train('--resume', '--steps', '2', '--out', parts);
  assert.ok(readFileSync(checkpointOf(parts)).equals(readFileSync(checkpointOf(whole))));
  const [first] = readLogLines(join(whole, 'log.jsonl')).flatMap(({ validation }) => (validation ? [validation as { psnr: number }] : []));
  assert.ok(Number.isFinite(first!.psnr));
  succeeded(await run('shadegrad', ['test', whole, '--quiet']));
  const tested = join(whole, 'test', 'images', '0001-2-output.npy');
  writeFileSync(join(folder, 'arrays/val/A', 'notes.txt'), '');
  const said = await translate(whole, 'arrays/val/A', made);
  succeeded(said);
  assert.is((said.stdout + said.stderr).split('left out of').length, 2, 'the folder is looked at once');
  const { width, height, channels, data: numbers } = decodeNpy(readFileSync(join(made, '2.npy')), '2.npy');
  assert.equal([width, height, channels], [SIDE, SIDE, 4]);
  assert.ok(readFileSync(tested).equals(readFileSync(join(made, '2.npy'))));
  assert.ok(numbers.every((value) => Math.abs(value) <= 100) && numbers.some((value) => Math.abs(value) > 1));
  // The picture beside it shows the first three.
  const shown = (await readImage(join(made, '2.png'))).data;
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++)
    assert.is(shown[pixel * 3 + 1], Math.floor((numbers[pixel * 4 + 1]! / 100 + 1) * 127.5 + 0.5));
  failedWith(await translate(whole, 'arrays/val/A', made, '--format', 'png16'), 'IMAGE_UNSUPPORTED', /--format npy/);
  failedWith(await translate(whole, 'arrays/val/A', join(folder, 'arrays/val/A')), 'BAD_FLAG', /written over/);
});

test('index maps: a channel for each class, and what is of none is named', async () => {
  const [out, made] = [join(folder, 'maps-out'), join(folder, 'maps-made')];
  const data = ['--data', join(folder, 'maps'), '--direction', 'AtoB'];
  const fourth = await run('shadegrad', ['train', ...TINY, ...data, '--one-hot', '4', '--out', out]);
  failedWith(fourth, 'IMAGE_UNSUPPORTED', /\d\.png: pixel \(\d+, \d+\) is 4, which is no class/, /--one-hot/);
  failedWith(await run('shadegrad', ['train', ...TINY, '--one-hot', '4', '--out', out]), 'BAD_FLAG', /--data DIR/);
  failedWith(await run('shadegrad', ['train', ...TINY, '--one-hot', '4', '--input_nc', '3', '--out', out]), 'BAD_FLAG', /--in-channels/);
  await train(...TINY, ...data, '--one-hot', '5', '--steps', '2', '--out', out);
  const { networks } = await readCheckpointInfo(checkpointOf(out));
  assert.is((networks.generator!.options as { inChannels: number }).inChannels, 5);
  succeeded(await translate(out, 'maps/val/A', made, '--fit', 'pad', '--format', 'png16'));
  const { data: bytes } = { data: readFileSync(join(made, '2.png')) };
  assert.is(bytes[24], 16);
  assert.not.ok(existsSync(join(made, '2.npy')));
});

test('CIELAB: the reference names it, a and b are made, and results keep the lightness', async () => {
  const [out, made] = [join(folder, 'lab-out'), join(folder, 'lab-made')];
  const data = ['--data', join(folder, 'photos'), '--dataset_mode', 'colorization'];
  failedWith(await run('shadegrad', ['train', ...TINY, ...data, '--out-channels', '3', '--out', out]), 'BAD_FLAG', /--out-channels/);
  await train(...TINY, ...data, '--steps', '2', '--out', out);
  const { options, networks } = await readCheckpointInfo(checkpointOf(out));
  assert.equal([options.make, options.colourSpace, options.direction], ['lab', 'lab', 'AtoB']);
  const { inChannels, outChannels } = networks.generator!.options as { inChannels: number; outChannels: number };
  assert.equal([inChannels, outChannels], [1, 2]);
  succeeded(await translate(out, 'photos/val', made));
  const [given, result] = [labOf((await photos.get(2)).a), labOf(await readImage(join(made, '2.png')))];
  const far = Array.from({ length: SIDE * SIDE }, (_, pixel) => Math.abs(given[pixel * 3]! - result[pixel * 3]!)).filter(
    (each) => each > 1,
  );
  // Only where no colour of sRGB has that lightness with that a and b.
  assert.ok(far.length < (SIDE * SIDE) / 10, String(far.length));
  // As an array, a and b in their own units.
  succeeded(await translate(out, 'photos/val', made, '--format', 'npy'));
  const { channels, data: chroma } = decodeNpy(readFileSync(join(made, '2.npy')), '2.npy');
  assert.is(channels, 2);
  const near = (pixel: number): number =>
    Math.hypot(chroma[2 * pixel]! - result[3 * pixel + 1]!, chroma[2 * pixel + 1]! - result[3 * pixel + 2]!);
  const kept = Array.from({ length: SIDE * SIDE }, (_, pixel) => pixel).filter((pixel) => !(near(pixel) > 3));
  assert.ok(kept.length > SIDE * SIDE * 0.8, String(kept.length));
  assert.ok(Math.max(...chroma.map(Math.abs)) > 2);
});

test.run();
