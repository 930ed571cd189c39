import { spawnSync } from 'node:child_process';
import { promises as nodeFiles } from 'node:fs';
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { atomicWriter, makeFolder, writeFileAtomic, writeFilesAtomic, type FileSystem } from '../../../src/node/files/atomic.js';

const test = suite<{ folder: string }>('files');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'shadegrad-files-'));
});
test.after.each(async ({ folder }) => rm(folder, { recursive: true, force: true }));

async function failsToWrite(work: Promise<unknown>, path: string, ...words: RegExp[]): Promise<void> {
  let caught: unknown;
  await work.catch((error) => (caught = error));
  assert.instance(caught, ShadegradError);
  assert.is((caught as ShadegradError).code, 'WRITE_FAILED');
  for (const word of [path, 'fix:', ...words]) assert.match((caught as Error).message, word);
}

/** The real file system, whose temporary files fail after `room` bytes. */
function failing(code: string, room: number): FileSystem {
  const error = () => Object.assign(new Error(code), { code });
  return {
    ...nodeFiles,
    open: (async (path: string, flags: string) => {
      if (code === 'EACCES' && flags === 'wx') throw error();
      const handle = await nodeFiles.open(path, flags);
      let left = room;
      const write = handle.write.bind(handle) as (b: Uint8Array, o: number, l: number) => Promise<{ bytesWritten: number }>;
      handle.write = (async (bytes: Uint8Array, offset: number, length: number) => {
        if (left === 0) throw error();
        const part = Math.min(left, length);
        left -= part;
        return write(bytes, offset, part);
      }) as unknown as typeof handle.write;
      return handle;
    }) as unknown as FileSystem['open'],
  };
}

test('writes text, bytes and streams, and makes missing folders', async ({ folder }) => {
  const path = join(folder, 'a', 'b', 'file.bin');
  await writeFileAtomic(path, 'héllo');
  assert.is(await readFile(path, 'utf8'), 'héllo');
  await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
  assert.equal([...(await readFile(path))], [1, 2, 3]);
  await writeFileAtomic(
    path,
    (async function* () {
      yield Uint8Array.of(4);
      yield new Uint8Array(0);
      yield Uint8Array.of(5, 6);
    })(),
  );
  assert.equal([...(await readFile(path))], [4, 5, 6]);
  assert.equal(await readdir(join(folder, 'a', 'b')), ['file.bin']);
});

test('a folder is made one by one, so that a disk which answers ENOENT below a folder that exists cannot keep the process busy', async ({
  folder,
}) => {
  const asked: string[] = [];
  const refusing = {
    ...nodeFiles,
    async mkdir(path: string, options?: { recursive?: boolean }) {
      assert.not.ok(options?.recursive, 'Node itself would ask for ever');
      asked.push(path);
      if (path === join(folder, 'x') || path === join(folder, 'x', 'y')) throw Object.assign(new Error('no'), { code: 'ENOENT' });
      return nodeFiles.mkdir(path);
    },
  } as unknown as FileSystem;
  await failsToWrite(
    writeFileAtomic(join(folder, 'x', 'y', 'file'), 'a', refusing),
    join(folder, 'x', 'y'),
    /ENOENT[^]*choose another folder/,
  );
  assert.ok(asked.length < 8, asked.join(' '));
  assert.equal(await readdir(folder), []);
  if (process.platform === 'linux') await failsToWrite(writeFileAtomic('/proc/x/y', 'a'), '/proc/x', /ENOENT/);

  assert.is(await makeFolder(join(folder, 'a', 'b', 'c')), join(folder, 'a'));
  assert.is(await makeFolder(join(folder, 'a', 'b', 'c')), undefined);
  assert.is(await makeFolder(`${folder}/a/new/../d`), join(folder, 'a', 'new'));
  await nodeFiles.symlink(join(folder, 'gone'), join(folder, 'link'));
  for (const path of ['link', join('link', 'below')])
    await failsToWrite(makeFolder(join(folder, path)), join(folder, 'link'), /EEXIST|ENOENT/);
  for (const root of ['/', '.', '..', '']) assert.is(await makeFolder(root === '' ? folder : root), undefined);
});

test('nothing in the sources asks Node to make folders recursively', async () => {
  const names = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  for (const name of names) assert.not.match(await readFile(join('src', name), 'utf8'), /mkdir(Sync)?\([^;]*recursive/, name);
});

test('the old file stays until commit, and after abort', async ({ folder }) => {
  const path = join(folder, 'file');
  await writeFileAtomic(path, 'old');
  const writer = await atomicWriter(path);
  await writer.write(new TextEncoder().encode('new'));
  assert.is(await readFile(path, 'utf8'), 'old');
  await writer.abort();
  assert.equal(await readdir(folder), ['file']);
  assert.is(await readFile(path, 'utf8'), 'old');
  let message = '';
  await writer.write(Uint8Array.of(1)).catch((error) => (message = error.message));
  assert.match(message, 'already closed');
  const second = await atomicWriter(path);
  await second.write(new TextEncoder().encode('new'));
  await second.commit();
  await second.abort();
  assert.is(await readFile(path, 'utf8'), 'new');
});

test('a full disk leaves the old file and nothing else', async ({ folder }) => {
  const path = join(folder, 'checkpoint');
  await writeFileAtomic(path, 'old');
  await failsToWrite(writeFileAtomic(path, new Uint8Array(100), failing('ENOSPC', 40)), path, /disk is full/);
  assert.is(await readFile(path, 'utf8'), 'old');
  assert.equal(await readdir(folder), ['checkpoint']);
});

test('files that belong together appear together or not at all', async ({ folder }) => {
  const [data, model] = [join(folder, 'model.data'), join(folder, 'model')];
  const pieces = async function* (...numbers: number[]) {
    for (const number of numbers) yield Uint8Array.of(number);
  };
  await writeFilesAtomic([
    [data, pieces(1, 2)],
    [model, pieces(3)],
  ]);
  assert.equal([[...(await readFile(data))], [...(await readFile(model))]], [[1, 2], [3]]);
  const cut = async function* () {
    yield Uint8Array.of(9);
    throw new Error('no more');
  };
  await writeFilesAtomic([
    [data, pieces(7, 8)],
    [model, cut()],
  ]).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'no more'),
  );
  assert.equal([[...(await readFile(data))], [...(await readFile(model))]], [[1, 2], [3]]);
  assert.equal((await readdir(folder)).sort(), ['model', 'model.data']);
});

/** The real file system, whose `call` (of a handle, or `rename`) fails for the second file. */
function failingAtSecond(call: 'sync' | 'close' | 'rename'): FileSystem {
  const error = () => Object.assign(new Error('EIO'), { code: 'EIO' });
  let opened = 0;
  let renamed = 0;
  return {
    ...nodeFiles,
    rename: async (from, to) => {
      if (call === 'rename' && ++renamed === 2) throw error();
      await nodeFiles.rename(from, to);
    },
    open: (async (path: string, flags: string) => {
      const handle = await nodeFiles.open(path, flags);
      if (flags === 'wx' && ++opened === 2 && call !== 'rename') {
        const real = handle[call].bind(handle);
        handle[call] = async () => {
          await real();
          throw error();
        };
      }
      return handle;
    }) as unknown as FileSystem['open'],
  };
}

for (const call of ['sync', 'close', 'rename'] as const) {
  for (const before of ['over old ones', 'into an empty folder']) {
    test(`of two files that belong together neither appears when the second fails at ${call}, ${before}`, async ({ folder }) => {
      const paths = [join(folder, 'model.data'), join(folder, 'model')] as const;
      const bytes = async function* (number: number) {
        yield Uint8Array.of(number);
      };
      const old = before === 'over old ones';
      if (old)
        await writeFilesAtomic([
          [paths[0], bytes(1)],
          [paths[1], bytes(2)],
        ]);
      await failsToWrite(
        writeFilesAtomic(
          [
            [paths[0], bytes(8)],
            [paths[1], bytes(9)],
          ],
          failingAtSecond(call),
        ),
        paths[1],
        /EIO/,
      );
      assert.equal((await readdir(folder)).sort(), old ? ['model', 'model.data'] : []);
      if (old) assert.equal(await Promise.all(paths.map(async (path) => [...(await readFile(path))])), [[1], [2]]);
    });
  }
}

for (const copies of [true, false]) {
  const end = copies ? 'the first file is put back as it was' : 'nothing is replaced when the first file cannot be copied';
  test(`a disk without second names: ${end}`, async ({ folder }) => {
    const paths = [join(folder, 'model.data'), join(folder, 'model')] as const;
    const bytes = async function* (number: number) {
      yield Uint8Array.of(number);
    };
    await writeFilesAtomic([
      [paths[0], bytes(1)],
      [paths[1], bytes(2)],
    ]);
    const refused = (code: string) => async (): Promise<never> => {
      throw Object.assign(new Error(code), { code });
    };
    const disk = { ...failingAtSecond('rename'), link: refused('EPERM'), ...(!copies && { copyFile: refused('ENOSPC') }) };
    const work = writeFilesAtomic(
      [
        [paths[0], bytes(8)],
        [paths[1], bytes(9)],
      ],
      disk,
    );
    await failsToWrite(work, copies ? paths[1] : paths[0], copies ? /EIO/ : /disk is full/);
    assert.equal(await Promise.all(paths.map(async (path) => [...(await readFile(path))])), [[1], [2]]);
    assert.equal((await readdir(folder)).sort(), ['model', 'model.data']);
  });
}

test('a name as long as the disk takes is written; a longer one is refused before anything is', async ({ folder }) => {
  for (const name of ['n'.repeat(255), 'ü'.repeat(127)]) {
    await writeFileAtomic(join(folder, name), 'whole');
    assert.is(await readFile(join(folder, name), 'utf8'), 'whole');
  }
  // biome-ignore lint/correctness/useYield: it must not be asked for anything
  const content = (async function* (): AsyncGenerator<Uint8Array> {
    throw new Error('was asked for content');
  })();
  await failsToWrite(writeFileAtomic(join(folder, 'n'.repeat(256)), content), 'nnn', /shorter/);
  assert.is((await readdir(folder)).length, 2);
});

test('a really full disk: a small tmpfs where one can be mounted', async ({ folder }) => {
  const disk = join(folder, 'disk');
  await mkdir(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) return;
  try {
    const path = join(disk, 'checkpoint');
    await failsToWrite(writeFileAtomic(path, new Uint8Array(1 << 20)), path, /ENOSPC/, /disk is full/);
    assert.equal(await readdir(disk), []);
  } finally {
    spawnSync('umount', [disk]);
  }
});

test('no permission, a file in the way, and a folder of that name are explained', async ({ folder }) => {
  const path = join(folder, 'file');
  await failsToWrite(writeFileAtomic(path, 'x', failing('EACCES', 0)), path, /may not write/);
  await writeFile(path, 'a file');
  await failsToWrite(writeFileAtomic(join(path, 'below'), 'x'), path, /a part of the path is a file/);
  const taken = join(folder, 'taken');
  await mkdir(taken);
  await failsToWrite(writeFileAtomic(taken, 'x'), taken, /folder of that name/);
  assert.equal((await readdir(folder)).sort(), ['file', 'taken']);
});

test('an error of the content passes through and cleans up', async ({ folder }) => {
  const content = (async function* () {
    yield Uint8Array.of(1);
    throw new RangeError('from the content');
  })();
  let caught: unknown;
  await writeFileAtomic(join(folder, 'file'), content).catch((error) => (caught = error));
  assert.instance(caught, RangeError);
  assert.equal(await readdir(folder), []);
});

test('what a killed process left is swept up; what a living one is writing stays', async ({ folder }) => {
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  const name = (pid: number) => `.file.${hostname()}-${pid}-0.partial`;
  await writeFile(join(folder, name(dead)), 'half');
  await writeFile(join(folder, name(process.ppid)), 'half');
  await writeFile(join(folder, '.other.partial'), 'not ours');
  await writeFileAtomic(join(folder, 'file'), 'whole');
  assert.equal((await readdir(folder)).sort(), [name(process.ppid), '.other.partial', 'file'].sort());
});

test.run();
