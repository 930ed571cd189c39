// first driver only: it trains in a browser, on the browser's own adapter
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng } from '../../src/node/images/read.js';
import { barriers, openApp, shot, smallModel, type TestApp } from '../harness/app.js';
import { tensorsIn } from '../harness/train-page.js';
import { zipped } from '../harness/zips.js';

let app: TestApp;
const folder = mkdtempSync(join(tmpdir(), 'shadegrad-train-'));
/** The checkpoint that was downloaded. */
let downloaded: string;

test.before(async () => {
  app = await openApp([await smallModel({ kind: 'unet', options: { size: 32, ngf: 4, norm: 'instance' } })]);
});
test.after(async () => {
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A picture of a few colours, as a file. */
function png(width: number, height: number, seed: number): Buffer {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => ((at >> 4) * 37 + at * seed) & 255);
  return Buffer.from(encodePng({ width, height, data }));
}

/** Writes files below a folder of the disk, and gives its path. */
function written(name: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), bytes);
  }
  return at;
}

/** Pairs of several sizes, called as people call their files. */
const PAIRS = {
  'erste Bilder/für Anna 1.png': png(64, 32, 3),
  'erste Bilder/für Anna 2.png': png(80, 40, 5),
  'erste Bilder/für Anna 10.png': png(64, 48, 7),
  'erste Bilder/.hidden.png': 'no picture',
  'Lizenz.txt': 'free',
};
const SMALL = 'steps=3 size=32 ngf=4 ndf=4 discriminatorLayers=1';

/** The page Train as somebody uses it. */
class Trainer {
  constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    readonly problems: readonly string[],
  ) {}

  static async open(options = {}): Promise<Trainer> {
    // Of a language that it does not know, as headless browsers have, the plots are left out.
    const { page, context, problems } = await app.open('#/train', { acceptDownloads: true, locale: 'en-US', ...options });
    await page.getByRole('heading', { name: 'A new training' }).waitFor();
    return new Trainer(page, context, problems);
  }

  button(name: string): ReturnType<Page['getByRole']> {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Drops files and folders of the disk, as from the system's own windows. */
  async drop(...paths: readonly string[]): Promise<void> {
    const area = this.page.getByRole('group', { name: 'Pictures' });
    await area.scrollIntoViewIfNeeded();
    const box = (await area.boundingBox())!;
    const session = await this.context.newCDPSession(this.page);
    const data = { items: [], files: [...paths], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, x: box.x + 5, y: box.y + 5, data });
    await session.detach();
  }

  /** Chooses through the browser's window of files. */
  async choose(label: string, ...paths: readonly string[]): Promise<void> {
    const [chooser] = await Promise.all([this.page.waitForEvent('filechooser'), this.button(label).click()]);
    await chooser.setFiles(paths.length === 1 ? paths[0]! : [...paths]);
  }

  async start(options = SMALL, scheme = 'pix2pix'): Promise<void> {
    await this.page.getByLabel('What is learned').selectOption(scheme);
    const more = this.page.getByLabel('Options', { exact: true });
    if (!(await more.isVisible())) await this.page.getByText('Further options').click();
    await more.fill(options);
    await this.button('Start training').click();
  }

  finished(): Promise<void> {
    return this.page.getByText('Finished', { exact: true }).waitFor({ timeout: 120_000 });
  }

  /** Waits for words of what did not work, and closes them. */
  async refused(words: RegExp): Promise<string> {
    const notice = this.page.locator('.notice.problem').filter({ hasText: words });
    await notice.waitFor({ timeout: 60_000 });
    await this.look(words.source.replace(/\W+/g, '-'));
    const text = (await notice.textContent())!;
    await notice.getByRole('button', { name: /^Close/ }).click();
    return text;
  }

  async look(name: string): Promise<void> {
    await shot(this.page, `train-${name}`);
  }
}

test('a folder that is dropped is trained on; what came of it is drawn with, and is downloaded', async () => {
  const at = await Trainer.open();
  await at.look('start');
  await at.drop(written('Bilder', PAIRS));
  await at.page.getByText('Pictures: Bilder, 5 files').waitFor();
  await at.start();
  await at.finished();
  await at.page
    .getByRole('img', { name: /^Input of für Anna 10.png|of für Anna 10.png/ })
    .first()
    .waitFor();
  assert.ok((await at.page.locator('.uplot canvas').count()) >= 3, 'no curves');
  await at.page.getByText('Settings', { exact: true }).click();
  assert.match((await at.page.getByText(/\bsize=\d/).textContent())!, /\bngf=4, /);
  await at.page.getByText('3 files', { exact: false }).first().waitFor();
  await at.look('finished');

  const [download] = await Promise.all([at.page.waitForEvent('download'), at.button('Download checkpoint').click()]);
  assert.is(download.suggestedFilename(), 'checkpoint.safetensors');
  downloaded = join(folder, 'checkpoint.safetensors');
  await download.saveAs(downloaded);
  assert.ok(tensorsIn(readFileSync(downloaded)).size > 20);

  await at.button('Use in Draw').click();
  await at.page.waitForFunction(() => document.title.startsWith('Draw'));
  await at.page.getByText('Trained in this browser.', { exact: false }).waitFor();
  await at.page.getByRole('img', { name: 'What the model makes of the drawing' }).waitFor();
  await at.page.getByText(/^Translated in/).waitFor({ timeout: 60_000 });
  assert.equal(at.problems, []);
  await at.context.close();
});

test('a checkpoint that is chosen goes on, once the pictures are there that it was trained on', async () => {
  const at = await Trainer.open();
  await at.choose('Go on with a checkpoint', downloaded);
  await at.page.getByRole('heading', { name: 'Going on with a checkpoint' }).waitFor();
  await at.button('Go on with it').click();
  assert.match(await at.refused(/are not in this browser/), /choose their folder/i);
  await at.look('checkpoint');
  await at.choose('Choose a folder', join(folder, 'Bilder'));
  await at.button('Go on with it').click();
  await at.finished();
  await at.page.getByText('3 of 3', { exact: true }).waitFor();
  await at.button('Train as long again').click();
  await at.page.getByText('6 of 6', { exact: true }).waitFor({ timeout: 60_000 });
  await at.finished();
  assert.equal(at.problems, []);
  await at.context.close();
});

test('a zip of two folders of any names is two sets for CycleGAN, also with names of an older system', async () => {
  const at = await Trainer.open({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  const files = [1, 2, 3].flatMap((index) => [
    { name: `Set/Tag/${index}.png`, bytes: png(32, 32, index) },
    // "größer" as MS-DOS wrote it.
    { name: Buffer.from(`Set/Nacht/gr\x94\xe1er ${index}.png`, 'latin1'), bytes: png(40, 32, index) },
  ]);
  const path = join(written('zips', {}), 'Tag und Nacht.zip');
  writeFileSync(path, zipped(...files));
  await at.choose('Choose a zip', path);
  await at.page.getByText('Pictures: Tag und Nacht, a file').waitFor();
  assert.not.ok((await at.page.getByLabel('What is learned').textContent())!.includes('StarGAN'), 'labels come with drawn pictures alone');
  await at.start('steps=2 size=32 ngf=2 ndf=2 blocks=1', 'cyclegan');
  await at.finished();
  await at.page.getByText('Nacht is taken as A, Tag as B').waitFor();
  await at.page
    .getByRole('img', { name: /größer 3\.png/ })
    .first()
    .waitFor();
  await at.look('phone-dark');
  assert.equal(await barriers(at.page), []);
  assert.ok((await at.page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  await at.button('Use generatorB in Draw').click();
  await at.page.waitForFunction(() => document.title.startsWith('Draw'));
  await at.page.getByText(/^Translated in/).waitFor({ timeout: 60_000 });
  assert.equal(at.problems, []);
  await at.context.close();
});

test('pictures that cannot be trained on are refused in words, and the form keeps what it says', async () => {
  const at = await Trainer.open();
  const zip = (name: string, bytes: Uint8Array): string => {
    const path = join(written('odd', {}), name);
    writeFileSync(path, bytes);
    return path;
  };
  const good = zipped({ name: 'a/1.png', bytes: png(64, 32, 3) }, { name: 'a/2.png', bytes: png(64, 32, 5) });
  const flipped = Buffer.from(good);
  flipped.writeUInt8(flipped.readUInt8(60) ^ 255, 60);
  const odd: [path: string, words: RegExp, more: RegExp][] = [
    [zip('words.zip', zipped({ name: 'about.txt', bytes: 'no pictures' })), /There are no pictures/, /1 file \(\.txt\)/],
    [zip('cut.zip', good.subarray(0, good.length - 40)), /cut\.zip/, /Pack the folder again/],
    [zip('flipped.zip', flipped), /1\.png in flipped\.zip is damaged/, /Pack the folder again/],
    [zip('none.zip', Buffer.from('this is no zip')), /none\.zip is no zip archive/, /Pack the folder again/],
    [written('odd width', { '1.png': png(63, 32, 3), '2.png': png(63, 32, 4) }), /cannot be used/, /63 x 32/],
    [written('one damaged', { ...PAIRS, 'erste Bilder/3.png': png(64, 32, 3).subarray(0, 100) }), /3\.png cannot be read/, /take it out/],
    [
      written('three', { 'one/1.png': png(9, 9, 1), 'two/1.png': png(9, 9, 2), 'three/1.png': png(9, 9, 3) }),
      /same names/,
      /name the folders A and B/,
    ],
    [written('uneven', { 'x/1.png': png(32, 32, 1), 'y/1.png': png(32, 36, 2) }), /differ in size/, /32 x 36/],
  ];
  for (const [path, words, more] of odd) {
    await at.drop(path);
    await at.page.getByText(/^Pictures: (?!facades)/).waitFor();
    await at.start();
    assert.match(await at.refused(words), more);
    assert.is(await at.page.getByLabel('Options', { exact: true }).inputValue(), SMALL);
  }
  await at.drop(written('empty', {}));
  assert.match(await at.refused(/no files in what was chosen/), /choose a folder/);
  assert.not.ok(await at.button('Go on').isVisible(), 'what never began is not kept');

  // Two of one name stay two.
  await at.drop(written('two/Bilder', PAIRS));
  await at.start('steps=1 size=32 ngf=2 ndf=2 discriminatorLayers=1');
  await at.finished();
  await at.drop(written('other/Bilder', { '1.png': png(64, 32, 9), '2.png': png(64, 32, 8) }));
  await at.page.getByText('Pictures: Bilder 2, 2 files').waitFor();
  assert.equal(at.problems, []);
  await at.context.close();
});

test.run();
