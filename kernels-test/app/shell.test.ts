// not in browsers: it starts one
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { barriers, openApp, type TestApp } from '../harness/app.js';

let app: TestApp;
test.before(async () => {
  app = await openApp();
});
test.after(() => app.close());

test('every page of the navigation opens, has a heading and a title of its own, and no barriers', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, context, problems } = await app.open('', { colorScheme, viewport: { width: 360, height: 740 } });
    for (const name of ['Draw', 'Camera', 'Train', 'Lab', 'Learn']) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
      await page.waitForFunction((title) => document.title.startsWith(title), name);
      await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor();
      assert.is(await page.getByRole('link', { name }).getAttribute('aria-current'), 'page');
      assert.equal(await barriers(page), [], `${name}, ${colorScheme}`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 360, `${name} is ${width} px wide on a phone`);
    }
    assert.equal(problems, []);
    await context.close();
  }
});

test('an unknown page is the first one', async () => {
  const { page, context } = await app.open('#/nowhere');
  await page.waitForFunction(() => document.title.startsWith('Draw'));
  await context.close();
});

test('the shell is painted before the library is asked for', async () => {
  const { page, context } = await app.open('#/nowhere');
  const shell = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => /main\.(js|css)$/.test(name))
      .map(({ name }) => name),
  );
  assert.is(shell.length, 2);
  const bytes = await page.evaluate(async () => (await (await fetch('main.js')).arrayBuffer()).byteLength);
  assert.ok(bytes < 150_000, `${bytes} bytes, unminified, before the first paint`);
  await context.close();
});

test.run();
