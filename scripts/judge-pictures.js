// How good the pictures of `shadegrad test` are, beyond L1 and SSIM: node scripts/judge-pictures.js TEST_FOLDER...
//
// Prints a row for each folder (with its metrics.json), the means over its pictures against their targets:
//   edges     how well outlines agree (imageEdgeAgreement(), within 2 pixels): precision, recall, and their harmonic mean
//   detail    the strength of the finest differences (between neighbouring pixels), as a multiple of the target's: below 1 is blurred
//   grid      how much these differences follow a grid of 8 x 8 pixels, as a multiple of the target's: above 1 is the checkerboard
//             that strided layers leave
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { imageEdgeAgreement } from 'shadegrad/training';

const folders = process.argv.slice(2);
if (folders.length === 0) {
  console.error('Usage: node scripts/judge-pictures.js TEST_FOLDER...   (results of "shadegrad test")');
  process.exit(2);
}

function readPicture(file) {
  const { width, height, data } = PNG.sync.read(readFileSync(file));
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, at) => data[Math.floor(at / 3) * 4 + (at % 3)]) };
}

/** Strides of up to three layers, whose grids show. */
const PERIOD = 8;

/**
 * Of the green channel: the mean difference between neighbouring pixels, and how much it depends on where in a grid of 8 x 8 they are (the
 * standard deviation over the columns and rows of the grid, relative to the mean).
 */
function fineStructure({ width, height, data }) {
  const at = (x, y) => data[(y * width + x) * 3 + 1];
  const [across, down] = [new Float64Array(PERIOD), new Float64Array(PERIOD)];
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      across[x % PERIOD] += Math.abs(at(x, y) - at(x + 1, y));
      down[y % PERIOD] += Math.abs(at(x, y) - at(x, y + 1));
    }
  }
  const spread = (sums) => Math.sqrt(mean([...sums].map((sum) => (sum / mean(sums) - 1) ** 2)));
  return { detail: (mean(across) + mean(down)) / width / height, grid: (spread(across) + spread(down)) / 2 };
}

const mean = (values) => [...values].reduce((sum, value) => sum + value, 0) / values.length;
const rows = folders.map((folder) => {
  const { samples, metrics } = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
  const judged = samples.map(({ pictures }) => {
    const [, output, target] = pictures.map((file) => readPicture(join(folder, file)));
    const [own, wanted] = [fineStructure(output), fineStructure(target)];
    return { ...imageEdgeAgreement(output, target, 2), detail: own.detail / wanted.detail, grid: own.grid / wanted.grid };
  });
  const of = (name) => mean(judged.map((each) => each[name])).toFixed(3);
  return {
    folder,
    l1: metrics.l1.toFixed(3),
    ssim: metrics.ssim.toFixed(3),
    precision: of('precision'),
    recall: of('recall'),
    f1: of('f1'),
    detail: of('detail'),
    grid: of('grid'),
  };
});
console.table(rows);
