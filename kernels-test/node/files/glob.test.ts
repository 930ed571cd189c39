// not in browsers: it is about files
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { glob, isGlob } from '../../../src/node/files/glob.js';

const folder = mkdtempSync(join(tmpdir(), 'shadegrad-glob-'));
const FILES = ['a.png', 'b.jpg', '[1].png', '.hidden.png', 'in/a.png', 'in/deep/c.png', 'in/deep/d.txt', '.git/e.png', 'x+y(1).png'];

test.before(() => {
  for (const name of FILES) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  // A folder in itself has no end.
  symlinkSync(folder, join(folder, 'in', 'again'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('patterns match as a shell matches them', async () => {
  const found = async (pattern: string): Promise<string> =>
    (await glob(join(folder, pattern))).files
      .map((path) => relative(folder, path))
      .sort()
      .join(' ');
  assert.is(await found('*.png'), '[1].png a.png x+y(1).png');
  assert.is(await found('**/*.png'), '[1].png a.png in/a.png in/deep/c.png x+y(1).png');
  assert.is(await found('**/deep/*'), 'in/deep/c.png in/deep/d.txt');
  assert.is(await found('in/**'), 'in/a.png in/deep/c.png in/deep/d.txt');
  assert.is(await found('?.{png,jpg}'), 'a.png b.jpg');
  assert.is(await found('[!a].jpg'), 'b.jpg');
  assert.is(await found('[ab].*'), 'a.png b.jpg');
  assert.is(await found('.h*'), '.hidden.png');
  assert.is(await found('x+y(?).png'), 'x+y(1).png');
  assert.is(await found('none/**/*.png'), '');
  assert.is((await glob(join(folder, 'in/**/*.png'))).base, join(folder, 'in'));
});

test('what alternatives match lies in the folder that they start from, so that no result goes beside it', async () => {
  for (const pattern of ['{in,.git}/**/*.png', '{in/deep,in}/*.png', 'in/{deep/c,a}.png', 'in/{a.png,a.png}']) {
    const { base, files } = await glob(join(folder, pattern));
    assert.is(base, join(folder, pattern.startsWith('in/') ? 'in' : ''), pattern);
    assert.ok(files.length > 0 && files.every((path) => !relative(base, path).startsWith('..')), pattern);
  }
});

test('a file that is called like a pattern is itself', async () => {
  assert.not.ok(await isGlob(join(folder, '[1].png')));
  assert.not.ok(await isGlob(join(folder, 'a.png')));
  assert.ok(await isGlob(join(folder, '[2].png')));
});

test.run();
