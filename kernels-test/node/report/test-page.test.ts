// The page of shadegrad test, in a browser: what it says, and how it sorts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage } from '../../../src/data/image.js';
import { encodePng } from '../../../src/node/images/read.js';
import { renderTestPage, type TestPage } from '../../../src/node/report/test-page.js';
import { launchChromium } from '../../harness/bundles.js';

const rowOf = (name: string, l1: number, psnr: number): TestPage['rows'][number] => ({
  ...{ name, pictures: ['a.png', 'b.png'], size: [4, 4], metrics: { l1, psnr } },
});

const page: TestPage = {
  title: 'pix2pix: <runs>',
  lead: 'On 4 images.',
  columns: ['Input', 'Output'],
  metricRows: { l1: { label: 'L1', better: 'lower' }, psnr: { label: 'PSNR', better: 'higher', unit: 'dB' } },
  metrics: { l1: 0.25, psnr: 20 },
  rows: [rowOf('image 10', 0.3, 10), rowOf('image 2', 0.1, Infinity), rowOf('<b>', 0.2, NaN), rowOf('image 1', 0.4, 30)],
  version: '1',
};

test('every text is escaped, and the summary has median, best and worst', () => {
  const text = renderTestPage(page);
  assert.not.match(text, '<b>');
  assert.not.match(text, '<runs>');
  const summary = text
    .slice(text.indexOf('<tbody>'), text.indexOf('</tbody>'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  assert.is(
    summary,
    ' L1, lower is better 0.250 0.250 0.129 image 2 0.100 image 1 0.400 ' +
      'PSNR, higher is better 20.0 dB 30.0 dB – image 2 ∞ dB image 10 10.0 dB ',
  );
  const none = renderTestPage({ ...page, rows: [rowOf('a', NaN, NaN)] });
  assert.match(none, '<td>–</td>');
});

test('in a browser: sorts by every column, numbers that are none last, and fetches only its pictures', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-test-page-'));
  const browser = await launchChromium();
  try {
    for (const name of ['a.png', 'b.png']) writeFileSync(join(folder, name), encodePng(createImage(4, 4)));
    writeFileSync(join(folder, 'index.html'), renderTestPage(page));
    const tab = await browser.newPage({ viewport: { width: 900, height: 800 } });
    const [requests, troubles]: string[][] = [[], []];
    tab.on('request', (request) => request.url().startsWith('data:') || requests!.push(request.url()));
    tab.on('console', (message) => troubles!.push(message.text()));
    tab.on('pageerror', (error) => troubles!.push(String(error)));
    await tab.goto(pathToFileURL(join(folder, 'index.html')).href);
    const names = (): Promise<(string | null)[]> => tab.$$eval('.tested tbody th', (cells) => cells.map((cell) => cell.textContent));
    const press = async (column: number): Promise<(string | null)[]> => {
      await tab.locator('.tested thead button').nth(column).click();
      return names();
    };
    assert.equal(await names(), ['image 10', 'image 2', '<b>', 'image 1']);
    assert.equal(await press(0), ['<b>', 'image 1', 'image 2', 'image 10']);
    assert.equal(await press(1), ['image 1', 'image 10', '<b>', 'image 2'], 'the worst first');
    assert.equal(await press(1), ['image 2', '<b>', 'image 10', 'image 1']);
    assert.equal(await press(2), ['image 10', 'image 1', 'image 2', '<b>']);
    assert.equal(await press(2), ['image 2', 'image 1', 'image 10', '<b>']);
    assert.is(await tab.locator('[aria-sort]').count(), 1);
    assert.equal(
      [...new Set(requests)].sort(),
      ['a.png', 'b.png', 'index.html'].map((name) => pathToFileURL(join(folder, name)).href),
    );
    assert.ok(await tab.$$eval('img', (images) => images.every((image) => image.naturalWidth === 4)), 'the pictures are there');
    assert.equal(troubles, []);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
});

test.run();
