// not in browsers: it is about files that programs of Node write. Table and figure of an experiment, as HTML, Markdown and CSV.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCsv, formatMarkdown } from '../../../src/node/programs/experiment/formats.js';
import { renderExperimentPage, type ExperimentTable } from '../../../src/node/report/experiment-page.js';

const measured = (l1: number, psnr: number, deviation: number): ExperimentTable['rows'][number]['metrics'] => ({
  l1: { mean: l1, deviation },
  psnr: { mean: psnr, deviation },
});
const TABLE: ExperimentTable = {
  name: 'own',
  title: 'A <b>title</b>',
  flags: '--steps 3',
  seeds: [1, 2],
  images: 5,
  trainPairs: 7,
  metrics: { l1: { label: 'L1', better: 'lower' }, psnr: { label: 'PSNR', better: 'higher', unit: 'dB' } },
  rows: [
    { name: 'a', title: 'a | b', flags: '--lambda 1', steps: [3, 3], metrics: measured(0.25, 12, 0.01) },
    { name: 'c', title: 'c', flags: '', steps: [3, 4], metrics: measured(0.5, 13, 0.25), published: 'blurred' },
    { name: 'd', title: 'd', flags: '', steps: [3, 3], metrics: measured(NaN, NaN, NaN) },
  ],
  constant: { l1: 0.125, psnr: null },
  published: 'words',
  figure: [{ name: '"1"', pictures: [{ title: 'Input', path: 'figure/1-1.png', size: [64, 32] }] }],
  version: '1',
};

test('the page marks the best of each metric, has deviations, and escapes all texts', () => {
  const page = renderExperimentPage(TABLE);
  const cells = [...page.matchAll(/<td class="(number[^"]*)">([^<]*)<\/td>/g)].map(([, kind, text]) => [kind, text]);
  const rows = [0, 1, 2, 3].map((row) => cells.slice(row * 4, row * 4 + 4));
  assert.equal(rows[0], [
    ['number best', '0.250 ± 0.01'],
    ['number', '12.0 ± 0.01 dB'],
    ['number', '3'],
    ['number', '–'],
  ]);
  assert.equal(rows[1], [
    ['number', '0.500 ± 0.25'],
    ['number best', '13.0 ± 0.25 dB'],
    ['number', '3 to 4'],
    ['number', 'blurred'],
  ]);
  assert.equal(
    rows[2]!.map(([, text]) => text),
    ['–', '–', '3', '–'],
  );
  // What the mean of all pictures scores is no setting, and never the best one.
  assert.equal(rows[3]!.slice(0, 2), [
    ['number', '0.125'],
    ['number', '–'],
  ]);
  assert.match(page, 'A &lt;b&gt;title&lt;/b&gt;');
  assert.match(page, 'alt="Input of &quot;1&quot;" width="64" height="32"');
  assert.not.match(page, '<b>');
});

test('the same as Markdown, whose cells end where they should', () => {
  const lines = formatMarkdown(TABLE).split('\n');
  assert.is(lines[0], '# A \\<b\\>title\\</b\\>');
  assert.equal(lines.slice(4, 10), [
    '| setting | L1 ↓ | PSNR ↑ | steps | published: words |',
    '|---|---|---|---|---|',
    '| **a \\| b** `--lambda 1` | 0.250 ± 0.01 | 12.0 ± 0.01 dB | 3 | – |',
    '| **c** | 0.500 ± 0.25 | 13.0 ± 0.25 dB | 3 to 4 | blurred |',
    '| **d** | – | – | 3 | – |',
    '| the mean of the training pictures, for comparison | 0.125 | – | – | – |',
  ]);
  assert.equal(lines.slice(11, 14), ['| Input |', '|---|', '| ![Input](figure/1-1.png) |']);
  const { published: _, constant: __, ...plain } = TABLE;
  assert.match(formatMarkdown({ ...plain, figure: [] }), /\n\| \*\*d\*\* \| – \| – \| 3 \|\n$/);
});

test('a line of CSV a run, with all digits and nothing for what is no number', () => {
  const result = {
    setting: 'a,b',
    seed: 2,
    steps: 3,
    data: 'x,y',
    trainPairs: 7,
    values: { l1: 1 / 3, psnr: null },
    pictures: ['x', 'y'],
    figure: [],
  };
  assert.is(
    formatCsv(['l1', 'psnr'], [result]),
    'setting,seed,steps,data,train_pairs,images,l1,psnr\r\n"a,b",2,3,"x,y",7,2,0.3333333333333333,\r\n',
  );
});

test.run();
