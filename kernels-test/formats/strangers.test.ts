// Files that are often found under the name of a file of weights, and folders that stand for one.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNetwork } from '../../src/exchange/network-file.js';
import { pytorchStateDict } from '../../src/exchange/pytorch/pytorch-run.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { openPict } from '../../src/formats/pict.js';
import { openPyTorch } from '../../src/formats/pytorch-file.js';
import { encodePyTorch } from '../../src/formats/pytorch-write.js';
import { openSafetensors } from '../../src/formats/safetensors-file.js';
import { openTfjsLayers } from '../../src/formats/tfjs-layers.js';
import { openWeights } from '../../src/node/weights/read.js';
import { goldenModel, openModel } from '../harness/tfjs-golden.js';
import { zipOf } from '../harness/pytorch-golden.js';
import { temporaryFolder } from '../harness/program.js';
import { collect, formulaNetwork, refuses } from '../harness/weights.js';

const folder = temporaryFolder('strangers');
const at = (name: string): string => join(folder, name);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const patchgan = formulaNetwork({ kind: 'patchgan', options: { ndf: 2 } });
test.after(() => rmSync(folder, { recursive: true, force: true }));

const LFS =
  'version https://git-lfs.github.com/spec/v1\n' +
  'oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 217704720\n';
const tar = new Uint8Array(1024);
tar.set(text('weights.pth'));
tar.set(text('ustar'), 257);
const utf16 = (words: string): Uint8Array =>
  Uint8Array.from([0xff, 0xfe, ...[...words].flatMap((character) => [character.charCodeAt(0), 0])]);

const strangers: [what: string, bytes: Uint8Array, words: RegExp, fix: RegExp][] = [
  ['a Git LFS pointer', text(LFS), /Git LFS pointer/, /git lfs pull/],
  ['a web page', text('\n<!DOCTYPE html>\n<html><head></head></html>'), /a web page/, /download the file itself/],
  ['a web page with a mark before it', Uint8Array.from([0xef, 0xbb, 0xbf, ...text('<html>')]), /a web page/, /download the file itself/],
  ["a server's XML", text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), /XML or HTML/, /download the file itself/],
  ["a server's JSON", text('{"message":"Not Found"}'), /JSON.*message/, /download the file itself/],
  ['a line of text', text('Entry not found'), /"Entry not found"/, /download the file itself/],
  ['a text of two bytes a character', utf16('Zugriff verweigert'), /"Zugriff/, /download the file itself/],
  ['a gzip archive', Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2), /a gzip archive/, /unpack/],
  ['a 7z archive', Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4), /a 7z archive/, /unpack/],
  ['a tar archive', tar, /a tar archive/, /unpack/],
  ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0), /a PNG picture/, /choose the file of weights/],
  ['a JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16), /a JPEG picture/, /choose the file of weights/],
  ['a model of Keras', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), /HDF5/, /tensorflowjs_converter/],
  ['an array of numpy', Uint8Array.from([0x93, ...text('NUMPY'), 1, 0]), /numpy/, /torch\.save/],
];

for (const [what, bytes, words, fix] of strangers) {
  test(`${what} is called that by every reader, whatever its name`, async () => {
    for (const open of [openSafetensors, openPyTorch, openPict])
      await refuses(() => open(bytesSource(bytes, 'some file')), 'WEIGHTS_UNSUPPORTED', /some file: this is/, words, fix);
    for (const name of ['w.safetensors', 'w.pth', 'w.pict', 'w.bin', 'w']) {
      writeFileSync(at(name), bytes);
      await refuses(() => openWeights(at(name)), 'WEIGHTS_UNSUPPORTED', words, fix);
    }
  });
}

test('where JSON is right, a pointer and a page are told all the same, and so is an answer without a model', async () => {
  const open = (bytes: Uint8Array) => openTfjsLayers(bytesSource(bytes, 'model.json'), async () => bytesSource(new Uint8Array(0)));
  await refuses(() => open(text(LFS)), 'WEIGHTS_UNSUPPORTED', /git lfs pull/);
  await refuses(() => open(text('<html></html>')), 'WEIGHTS_UNSUPPORTED', /web page/);
  await refuses(() => open(text('{"error": "Repository not found"}')), 'WEIGHTS_CORRUPT', /no model\.json/, /an object with "error"/);
  writeFileSync(at('w.safetensors.index.json'), LFS);
  await refuses(() => openWeights(at('w.safetensors.index.json')), 'WEIGHTS_UNSUPPORTED', /git lfs pull/);
  // A model whose numbers were not fetched.
  const model = goldenModel(0, 0, 1 << 24);
  for (const path of model.files.keys()) model.files.set(path, text(LFS));
  await refuses(() => openModel(model), 'WEIGHTS_UNSUPPORTED', /shard1of1\.bin: this is a Git LFS pointer/);
});

test('an archive around a file of weights is to be unpacked', async () => {
  await refuses(
    async () => openPyTorch(bytesSource(await zipOf(['readme.txt', 'hello'], ['nets/latest_net_G.pth', 'x']), 'all.zip')),
    'WEIGHTS_UNSUPPORTED',
    /a zip archive with a file of weights in it/,
    /"nets\/latest_net_G\.pth"/,
    /unpack/,
  );
});

test('an empty file and one of zeros are downloads that did not end', async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(5000)]) {
    for (const open of [openSafetensors, openPyTorch, openPict])
      await refuses(() => open(bytesSource(bytes)), 'WEIGHTS_CORRUPT', /nothing/, /download it again/);
  }
});

test('a file of one format under the name of another is read by its contents', async () => {
  writeFileSync(at('mine.pth'), await collect(encodeNetwork(patchgan)));
  writeFileSync(at('theirs.safetensors'), await collect(encodePyTorch(pytorchStateDict(patchgan))));
  for (const [name, format] of [
    ['mine.pth', 'safetensors'],
    ['theirs.safetensors', 'pytorch'],
  ] as const) {
    const { file, close } = await openWeights(at(name));
    assert.is(file.format, format);
    await close();
  }
});

test("a folder stands for the run's checkpoint, the model or the reference's latest network in it", async () => {
  const bytes = await collect(encodeNetwork(patchgan));
  const put = (...names: string[]): string => {
    const path = at(`folder-${names.join('-').slice(0, 60)}`);
    mkdirSync(path, { recursive: true });
    for (const name of names) writeFileSync(join(path, name), bytes);
    return path;
  };
  const chosen = async (path: string, network?: 'generator' | 'discriminator'): Promise<string> => {
    const opened = await openWeights(path, { network });
    await opened.close();
    return opened.path.slice(path.length + 1);
  };
  assert.is(await chosen(put('checkpoint.safetensors', 'log.jsonl', 'other.pth')), 'checkpoint.safetensors');
  const reference = put('latest_net_G.pth', 'latest_net_D.pth', '100_net_G.pth', 'loss_log.txt');
  assert.is(await chosen(reference), 'latest_net_G.pth');
  assert.is(await chosen(reference, 'discriminator'), 'latest_net_D.pth');
  assert.is(await chosen(put('5_net_G.pth', '15_net_G.pth', '15_net_D.pth', '100_net_G.pth')), '100_net_G.pth');
  assert.is(await chosen(put('readme.md', 'facades.pt')), 'facades.pt');
  await refuses(
    () => openWeights(put('latest_net_G_A.pth', 'latest_net_G_B.pth')),
    'WEIGHTS_MISMATCH',
    /latest_net_G_A\.pth, latest_net_G_B\.pth/,
    /name one of them/,
  );
  await refuses(() => openWeights(put('a.pth', 'b.safetensors')), 'WEIGHTS_MISMATCH', /a\.pth, b\.safetensors/);
  await refuses(() => openWeights(put()), 'DATA_NOT_FOUND', /no file of weights in the folder/);
  const runs = put('notes.txt');
  mkdirSync(join(runs, 'facades'));
  await refuses(() => openWeights(runs), 'DATA_NOT_FOUND', /notes\.txt, facades\//, /facades$/m);
});

test.run();
