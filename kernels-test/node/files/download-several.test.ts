import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ShadegradError } from '../../../src/errors.js';
import { downloadArchive } from '../../../src/node/files/download.js';
import { PUBLISHED_SETS } from '../../../src/node/files/published-sets.js';

async function archive(...names: string[]): Promise<Buffer> {
  const tar = pack();
  for (const name of names) tar.entry({ name }, name);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

test('two archives of one set lie beside each other, as the CMP facades', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shadegrad-several-'));
  const archives: Record<string, Buffer> = {
    '/base.tar.gz': await archive('base/1.jpg', 'readme.txt'),
    '/extended.tar.gz': await archive('extended/2.jpg', 'base/3.jpg', 'base/1.jpg'),
  };
  const server = createServer(({ url }, response) => response.end(archives[url!]));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const [url, other] = Object.keys(archives).map((path) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const options = { url: url!, directory: join(folder, 'cmp'), expectedFolders: PUBLISHED_SETS['cmp-facades'].folders };
  try {
    const error = await downloadArchive(options).catch((caught: unknown) => caught);
    assert.match((error as ShadegradError).message, 'base, extended');
    assert.equal(await readdir(folder), [], 'nothing is left behind');
    const directory = await downloadArchive({ ...options, further: [other!] });
    assert.equal((await readdir(directory)).sort(), ['base', 'extended', 'readme.txt']);
    assert.equal(await readdir(join(directory, 'extended')), ['2.jpg']);
    assert.equal((await readdir(join(directory, 'base'))).sort(), ['1.jpg', '3.jpg'], 'folders of one name are joined');
    assert.equal(await readdir(folder), ['cmp']);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
