// first driver only: it starts a browser, which has an adapter of its own
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BenchReport } from '../../bench/report.js';
import { diagnoseBrowser, diagnosisJson, diagnosisText, factsOf } from '../../examples/app/pages/lab/adapter-facts.js';
import { readOutput } from '../../examples/app/pages/lab/test-output.js';
import { barriers, openApp, shot, type TestApp } from '../harness/app.js';

let app: TestApp;
test.before(async () => {
  app = await openApp([], [], { lab: ['kernels/bias', 'kernels/embedding'] });
});
test.after(() => app.close());

test('the report has the headings of the doctor, in words and as JSON, and says what is missing where there is no adapter', () => {
  const limits = { maxBufferSize: 7 } as unknown as GPUSupportedLimits;
  const info = { vendor: 'google', architecture: 'swiftshader', device: '', description: '' } as GPUAdapterInfo;
  const facts = factsOf({ info, features: new Set(['shader-f16']) as unknown as GPUSupportedFeatures, limits });
  assert.is(facts.kind, 'swiftshader');
  assert.is(facts.name, 'google swiftshader');
  const around = { userAgent: 'B/1', cores: 8, memory: undefined, storage: { usage: 1e9, quota: 4e9 }, secure: true, screen: '1 x 1' };
  const found = diagnoseBrowser(facts, around, '1.2.3');
  assert.match(diagnosisText(found), /Features\n {2}subgroups: no\n {2}shader-f16: yes\n/);
  const { healthy, ...sections } = JSON.parse(diagnosisJson(found)) as Record<string, string[]>;
  assert.is(healthy, true);
  assert.equal(Object.keys(sections), ['System', 'Chosen adapter', 'Features', 'Limits', 'What to do']);
  assert.ok(sections.Limits!.includes('maxBufferSize: 7'));
  const none = diagnoseBrowser(null, { ...around, secure: false }, '1.2.3');
  assert.is(none.healthy, false);
  assert.match(none.sections['What to do']![0]!, /https/);
});

test('a file of tests is read by its summary; one that ends without it has failed', () => {
  const written = '• \n✘ \n  (2 / 3)\n\n FAIL  "one"\n  wrong\n\n  Total:     3\n  Passed:    2\n  Skipped:   0\n  Duration:  1ms';
  const { words, ...counts } = readOutput('a', written, true, 1);
  assert.equal(counts, { name: 'a', passed: 2, failed: 1, skipped: 0, seconds: 1 });
  assert.is(words, 'FAIL  "one"\n  wrong');
  assert.is(readOutput('a', '  Total:     3\n  Passed:    3', true, 1).words, '');
  assert.is(readOutput('a', 'uncaught: x', false, 1).failed, 1);
  assert.is(readOutput('a', '  Total:     3\n  Passed:    3', false, 1).failed, 1);
});

test('tests and benchmarks run in the browser, tell how far they are, stop, and give a file', async () => {
  const { page, context, problems } = await app.open('#/lab', { viewport: { width: 360, height: 740 }, acceptDownloads: true });
  await page.getByText('kind: swiftshader').waitFor();

  await page.getByRole('button', { name: /^Run all/ }).press('Enter');
  await page.getByText('All have run.').waitFor({ timeout: 60_000 });
  assert.match((await page.getByText('All have run.').textContent())!, /^[1-9]\d* passed, 0 failed in 2 of 2 files/);

  await page.getByLabel('Only kernels whose name').fill('dropout');
  await page.getByLabel('Only kernels whose name').press('Enter');
  await page.getByText(/^Timing /).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Stop the benchmarks' }).click();
  assert.match((await page.getByText('Stopped.').textContent())!, /\d+ of [1-9]\d* timed/);

  await page.getByLabel('Only kernels whose name').fill('biasGrad');
  await page.getByRole('button', { name: 'Run the benchmarks' }).click();
  await page.getByText(/^All have run\. [1-9]/).waitFor({ timeout: 60_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download as JSON' }).click()]);
  const report = JSON.parse(readFileSync(await download.path(), 'utf8')) as BenchReport;
  assert.match(download.suggestedFilename(), /^shadegrad-bench-.*swiftshader.*\.json$/);
  assert.is(report.adapter.kind, 'swiftshader');
  assert.match(report.browser!, /Chrome/);
  assert.is(report.node, undefined);
  assert.ok(report.limits.fmaGflops > 0 && report.results.length > 0 && report.failures.length === 0);
  assert.is(report.left!.length, 0);
  const rows = await page.getByRole('region', { name: 'Table of results' }).getByRole('row').allInnerTexts();
  assert.is(rows.length, 1 + report.results.length);
  const shares = rows.slice(1).map((row) => Number.parseFloat(row.split('\t').at(-1)!));
  assert.equal(
    shares,
    [...shares].sort((a, b) => a - b),
  );
  assert.is(await page.getByRole('region', { name: 'Roofline plot' }).locator('circle').count(), report.results.length);
  assert.equal(await barriers(page), []);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  await shot(page, 'lab-phone');
  assert.equal(problems, []);
  await context.close();
});

test.run();
