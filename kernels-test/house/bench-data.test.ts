// not in browsers: it runs a program.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng } from '../../src/node/images/read.js';
import { SHADERS, temporaryFolder } from '../harness/program.js';

const folder = temporaryFolder('bench-data');
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('npm run bench:data times each stage of the pictures of a folder, and says which is which', async () => {
  mkdirSync(join(folder, 'more'));
  for (const name of ['1.png', 'more/2.png']) {
    writeFileSync(join(folder, name), encodePng({ width: 40, height: 36, data: new Uint8Array(40 * 36 * 3) }));
  }
  const json = join(folder, 'rates.json');
  const parameters = ['scripts/bench.js', 'data', '--data', folder, '--size', '32', '--batch', '2', '--seconds', '0.01', '--json', json];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { env: { ...SHADERS, ...process.env } });
  assert.match(stdout, '2 pictures, shrunk to 32 x 32, batches of 2');
  const { stages } = JSON.parse(readFileSync(json, 'utf8')) as { stages: { what: string; imagesPerSecond: number }[] };
  assert.equal(
    stages.map(({ what }) => what),
    ['read', 'read and decoded', 'read, decoded and shrunk', 'and on the device'],
  );
  for (const { what, imagesPerSecond } of stages) {
    assert.ok(Number.isFinite(imagesPerSecond) && imagesPerSecond > 0, what);
    assert.match(stdout, what);
  }
});

test.run();
