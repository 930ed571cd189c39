import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeSafetensors } from '../../src/formats/safetensors-file.js';
import { ShadegradError } from '../../src/errors.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import { Translator } from '../../src/training/translator.js';
import { networkBlob } from '../../src/web/network-blob.js';
import { openTranslator } from '../../src/web/open-translator.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const unet = (): UNet => new UNet({ size: 16, ngf: 16 }).to(gpu, { training: false });
const image = { width: 32, height: 16, data: Uint8Array.from({ length: 32 * 16 * 3 }, (_, at) => (at * 37) % 251) };

async function blobOf(parts: AsyncIterable<Uint8Array>): Promise<Blob> {
  const all: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of parts) all.push(part.slice());
  return new Blob(all);
}

async function refused(what: Promise<unknown>): Promise<ShadegradError> {
  const error = await what.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.instance(error, ShadegradError);
  return error as ShadegradError;
}

test('a file of a network is opened as it was written: the same picture, of the size that the file says', async () => {
  const network = unet();
  const file = await networkBlob(network, { imageSize: [32, 16] });
  const straight = await Translator.create(gpu, network, { size: [32, 16] });
  const expected = await straight.translate(image, 3);
  assert.ok(new Set(expected.data).size > 20, 'a picture with something in it');
  const before = gpu.memory().bytesInUse;
  const opened = await openTranslator(gpu, file);
  const made = await opened.translator.translate(image, 3);
  assert.equal([made.width, made.height], [32, 16]);
  assert.equal(made.data, expected.data);
  assert.equal(opened.labels, []);
  assert.is((await opened.translator.translate(image)).data.length, made.data.length);
  opened.dispose();
  await gpu.sync();
  assert.is(gpu.memory().bytesInUse, before, 'what was opened is given back');
  straight.dispose();
  network.dispose();
});

test('what is no file of a generator is refused with what it is, and nothing is left on the device', async () => {
  const before = gpu.memory().bytesInUse;
  const page = new Blob(['<!doctype html><title>404</title>'.padEnd(600)]);
  assert.match((await refused(openTranslator(gpu, page))).message, 'a web page');
  const foreign = await blobOf(encodeSafetensors([{ name: 'a', shape: [1], read: async () => new Float32Array(1) }]));
  assert.match((await refused(openTranslator(gpu, foreign))).message, 'does not say which network');
  const judge = new PatchGAN({ ndf: 2, layers: 1 }).to(gpu, { seed: 1, training: false });
  const file = await networkBlob(judge);
  judge.dispose();
  assert.is((await refused(openTranslator(gpu, file))).code, 'WEIGHTS_UNSUPPORTED');
  const network = unet();
  const good = await networkBlob(network);
  network.dispose();
  assert.is((await refused(openTranslator(gpu, good, { size: 17 }))).code, 'INVALID_ARGUMENT');
  assert.is((await refused(openTranslator(gpu, good, { sizes: 16 } as object))).code, 'INVALID_ARGUMENT');
  await gpu.sync();
  assert.is(gpu.memory().bytesInUse, before);
});

test.run();
