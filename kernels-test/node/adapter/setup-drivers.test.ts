import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unpackOnce, unpackTarBrotli } from '../../../src/node/files/unpack.js';

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'shadegrad-drivers-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Opens an adapter in a fresh process, as the drivers that a process sees are settled once. */
async function choose(environment: Record<string, string | undefined>) {
  const script = `
    import { loadDawn } from './dist/node.js';
    const { adapter, adapterChoice } = await loadDawn().catch((error) => { console.error(error.message); process.exit(3); });
    const device = await adapter.requestDevice();
    console.log(JSON.stringify({ ...adapterChoice, drivers: process.env.VK_DRIVER_FILES ?? null, usage: GPUBufferUsage.STORAGE }));
    device.destroy();`;
  const merged = Object.fromEntries(
    Object.entries({ ...process.env, SHADEGRAD_ADAPTER: undefined, ...environment }).filter(([, value]) => value !== undefined),
  );
  return promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: root,
    env: merged as NodeJS.ProcessEnv,
    timeout: 120_000,
  }).then(
    ({ stdout }) => ({ status: 0, choice: JSON.parse(stdout), message: '' }),
    (error) => ({ status: error.code, choice: undefined, message: String(error.stderr) }),
  );
}

const embeddedExists = process.platform === 'linux' && process.arch === 'x64';

if (embeddedExists) {
  test("without a system driver the embedded SwiftShader serves, unpacked once into the user's cache", async () => {
    const cache = join(folder, 'cache');
    const environment = { VK_DRIVER_FILES: '/nonexistent.json', XDG_CACHE_HOME: cache };
    const [first, second, third] = await Promise.all([choose(environment), choose(environment), choose(environment)]);
    for (const { choice, message } of [first, second, third]) {
      assert.is(choice?.kind, 'swiftshader', message);
      assert.is(choice.embedded, true);
      assert.is(choice.drivers, '/nonexistent.json', 'the environment is as before');
      assert.is(choice.usage, 128);
    }
    const [only, ...others] = readdirSync(join(cache, 'shadegrad'));
    assert.match(only!, /^swiftshader-[\d.]+$/);
    assert.equal(others, [], 'nothing is left behind');
  });

  test('a driver that cannot be loaded is passed over', async () => {
    writeFileSync(join(folder, 'broken.so'), 'not a library');
    const manifest = join(folder, 'broken.json');
    writeFileSync(manifest, JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: './broken.so', api_version: '1.3.0' } }));
    assert.is((await choose({ VK_DRIVER_FILES: manifest })).choice?.kind, 'swiftshader');
  });

  test('SHADEGRAD_ADAPTER insists', async () => {
    assert.is((await choose({ SHADEGRAD_ADAPTER: 'swiftshader' })).choice?.embedded, true);
    const { status, message } = await choose({ SHADEGRAD_ADAPTER: 'no such adapter' });
    assert.is(status, 3);
    assert.match(message, /no WebGPU adapter was found\n {2}expected: an adapter for "no such adapter"\n {2}received: /);
    assert.match(message, /\n {2}fix: ask for another adapter/);
  });
}

async function writeArchive(path: string, entries: Record<string, string>): Promise<void> {
  const archive = pack();
  for (const [name, content] of Object.entries(entries)) archive.entry({ name, mode: 0o755 }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  await writeFile(path, brotliCompressSync(Buffer.concat(chunks)));
}

test('an archive is unpacked with its folders, and one that reaches outside is refused', async () => {
  await writeArchive(join(folder, 'good.tar.br'), { 'a.txt': 'one', 'lib/b.txt': 'two' });
  await mkdir(join(folder, 'good'));
  await unpackTarBrotli(join(folder, 'good.tar.br'), join(folder, 'good'));
  assert.is(await readFile(join(folder, 'good/lib/b.txt'), 'utf8'), 'two');
  await writeArchive(join(folder, 'evil.tar.br'), { '../outside.txt': 'gone' });
  await unpackTarBrotli(join(folder, 'evil.tar.br'), join(folder, 'good')).then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, 'outside the folder'),
  );
  assert.not.ok(readdirSync(folder).includes('outside.txt'));
});

test('a truncated archive is an error and leaves nothing', async () => {
  const archive = join(folder, 'short.tar.br');
  await writeArchive(archive, { 'a.bin': 'x'.repeat(5000) + Math.PI });
  await writeFile(archive, (await readFile(archive)).subarray(0, 20));
  const target = join(folder, 'unpacked', 'v1');
  await unpackOnce(target, (temporary) => unpackTarBrotli(archive, temporary)).then(
    () => assert.unreachable(),
    (error) => assert.not.match(error.message, 'unreachable'),
  );
  assert.equal(readdirSync(join(folder, 'unpacked')), []);
});

test('of several that unpack at once one wins and all get its result', async () => {
  const target = join(folder, 'race', 'v1');
  let fills = 0;
  const fill = async (temporary: string) => {
    await writeFile(join(temporary, 'whole'), String((fills += 1)));
  };
  const results = await Promise.all([unpackOnce(target, fill), unpackOnce(target, fill), unpackOnce(target, fill)]);
  assert.equal(results, [target, target, target]);
  assert.equal(readdirSync(join(folder, 'race')), ['v1']);
  const before = fills;
  await unpackOnce(target, fill);
  assert.is(fills, before, 'what is there is used');
});

test.run();
