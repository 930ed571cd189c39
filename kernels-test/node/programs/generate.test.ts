// first driver only: it calls programs
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crop, type RgbImage } from '../../../src/data/image.js';
import { encodeNetwork } from '../../../src/exchange/network-file.js';
import { pytorchStateDict } from '../../../src/exchange/pytorch/pytorch-run.js';
import { encodePyTorch } from '../../../src/formats/pytorch-write.js';
import { generateImages } from '../../../src/node/programs/generate.js';
import { translateImages } from '../../../src/node/programs/translate.js';
import { readImage } from '../../../src/node/images/read.js';
import { failure } from '../../harness/devices.js';
import { temporaryFolder } from '../../harness/program.js';
import { collect, formulaNetwork } from '../../harness/weights.js';

const folder = temporaryFolder('generate');
const at = (...names: string[]): string => join(folder, ...names);

/** Calls the program in this process: to start one for each call would take most of the time. @returns what it said */
async function generate(weights: string, ...flags: string[]): Promise<string> {
  const printed: string[] = [];
  const { log } = console;
  console.log = (text: string) => void printed.push(text);
  try {
    assert.is(await generateImages(['--weights', at(weights), ...flags]), 0);
  } finally {
    console.log = log;
  }
  return printed.join('\n');
}

test.before(async () => {
  const dcgan = formulaNetwork({ kind: 'dcgan-generator', options: { size: 32, nz: 4, ngf: 2 } });
  mkdirSync(at('pytorch'));
  writeFileSync(at('pytorch', 'netG_epoch_3.pth'), await collect(encodePyTorch(pytorchStateDict(dcgan))));
  for (const [name, kind, options] of [
    ['cgan', 'cgan-generator', { size: 6, nz: 4, labels: 3, noiseUnits: 5, labelUnits: 5, units: 8 }],
    ['unet', 'unet', { size: 16, ngf: 1 }],
    ['judge', 'dcgan-discriminator', { size: 32, ndf: 1 }],
  ] as const)
    writeFileSync(at(`${name}.safetensors`), await collect(encodeNetwork(formulaNetwork({ kind, options }))));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const picture = (...names: string[]): Promise<RgbImage> => readImage(at(...names));
const SIDE = 6;
/** The image of a grid at a row and a column, two pixels between them. */
const cell = (grid: RgbImage, row: number, column: number): RgbImage =>
  crop(grid, 2 + column * (SIDE + 2), 2 + row * (SIDE + 2), SIDE, SIDE);

test('a grid of a network without labels, by the newest file of PyTorch in a folder; one seed gives one result', async () => {
  const said = await generate('pytorch', '--output', at('a'), '--count', '5', '--seed', '3');
  assert.match(said, /taking its netG_epoch_3\.pth/);
  assert.match(said, /1 of 1 pictures in .*: grid\.png/);
  const grid = await picture('a', 'grid.png');
  assert.equal([grid.width, grid.height], [3 * 34 + 2, 2 * 34 + 2]);
  await generate('pytorch', '--output', at('b'), '--count', '5', '--seed', '3');
  assert.ok(readFileSync(at('a', 'grid.png')).equals(readFileSync(at('b', 'grid.png'))));
  await generate('pytorch', '--output', at('b'), '--count', '5', '--seed', '4', '--columns', '5');
  const other = await picture('b', 'grid.png');
  assert.equal([other.width, other.height], [5 * 34 + 2, 34 + 2]);
  assert.not.equal(crop(other, 2, 2, 32, 32), crop(grid, 2, 2, 32, 32));
  await generate('pytorch', '--output', at('b'), '--count', '5', '--seed', '3', '--statistics', 'batch');
  const together = await picture('b', 'grid.png');
  assert.not.equal(together, grid);
  // Files of their own are of the statistics of all of them, too: one alone would be normalised by itself.
  await generate('pytorch', '--output', at('files'), '--count', '5', '--seed', '3', '--statistics', 'batch', '--as', 'images');
  for (const index of [0, 3, 4])
    assert.equal(await picture('files', `${index + 1}.png`), crop(together, 2 + (index % 3) * 34, 2 + Math.floor(index / 3) * 34, 32, 32));
});

test('of a network with labels a row for each, of the same random numbers; files and frames are the same images', async () => {
  await generate('cgan.safetensors', '--output', at('c'), '--count', '4');
  const grid = await picture('c', 'grid.png');
  assert.equal([grid.width, grid.height], [4 * 8 + 2, 3 * 8 + 2]);
  assert.not.equal(cell(grid, 0, 0), cell(grid, 1, 0));
  await generate('cgan.safetensors', '--output', at('c'), '--count', '2', '--as', 'images', '--label', '2', '1');
  assert.equal(readdirSync(at('c')).sort(), ['1-1.png', '1-2.png', '2-1.png', '2-2.png', 'grid.png']);
  for (const [label, index] of [
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 1],
  ] as const)
    assert.equal(await picture('c', `${label}-${index + 1}.png`), cell(grid, label, index));
  const ways = ['--count', '3', '--steps', '4'];
  await generate('cgan.safetensors', '--output', at('d'), '--as', 'strip', ...ways);
  const strip = await picture('d', 'strip.png');
  assert.equal([strip.width, strip.height], [9 * 8 + 2, 3 * 8 + 2]);
  for (const point of [0, 1, 2])
    assert.equal(cell(strip, 1, 4 * point), cell(grid, 1, point), 'it passes through the pictures of the grid');
  assert.match(
    await generate('cgan.safetensors', '--output', at('e'), '--as', 'frames', '--label', '1', ...ways),
    /9 of 9 pictures in .*: frame-1\.png to frame-9\.png/,
  );
  assert.is(readdirSync(at('e')).length, 9);
  for (const frame of [0, 3, 8]) assert.equal(await picture('e', `frame-${frame + 1}.png`), cell(strip, 1, frame));
  await generate('cgan.safetensors', '--output', at('f'), '--as', 'frames', ...ways);
  assert.equal([(await picture('f', 'frame-1.png')).width, (await picture('f', 'frame-1.png')).height], [18, 6]);
});

test('what cannot be made is refused before anything is written', async () => {
  const out = ['--output', at('never')];
  await failure('WEIGHTS_UNSUPPORTED', () => generate('unet.safetensors', ...out), /U-Net/, /takes pictures/, /translate --weights/);
  await failure('WEIGHTS_MISMATCH', () => generate('judge.safetensors', ...out), /generator/);
  await failure('DATA_NOT_FOUND', () => generate('nothing.safetensors', ...out));
  await failure('BAD_FLAG', () => generateImages(out), /--weights is missing/);
  await failure('BAD_FLAG', () => generate('cgan.safetensors'), /--output is missing/);
  for (const [weights, flags, ...words] of [
    ['pytorch', ['--label', '1'], /takes no labels/],
    ['cgan.safetensors', ['--label', '3'], /labels of the network: 0, 1, 2/],
    ['cgan.safetensors', ['--label', '1', 'two'], /0, 1, 2/, /received: two/],
    ['cgan.safetensors', ['--columns', '4'], /write --count 4/],
    ['cgan.safetensors', ['--steps', '4'], /--as strip or --as frames/],
    ['pytorch', ['--columns', '4', '--as', 'images'], /--as grid/],
    ['pytorch', ['--as', 'frames', '--count', '1'], /2 or more/],
    ['pytorch', ['--count', '100000'], /Too much for one picture/, /--as images/],
  ] as const)
    await failure('BAD_FLAG', () => generate(weights, ...flags, ...out), ...words);
  assert.not.ok(readdirSync(folder).includes('never'));
  const translate = ['--weights', at('cgan.safetensors'), '--input', at('a', 'grid.png'), ...out];
  await failure('WEIGHTS_UNSUPPORTED', () => translateImages(translate), /no generator of pictures/, /generate --weights/);
});

test.run();
