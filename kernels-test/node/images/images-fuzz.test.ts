import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage } from '../../../src/node/images/read.js';
import decode from '../../goldens/image_decode.json';
import formats from '../../goldens/image_formats.json';
import jpeg from '../../goldens/image_jpeg.json';
import { fuzz } from '../../harness/fuzz.js';

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const ROUNDS = 12;

for (const kind of ['jpeg', 'png', 'webp', 'tiff', 'gif', 'bmp']) {
  test(`damaged ${kind} files give an image or a typed error, never another one`, async () => {
    const originals = [...decode.cases, ...formats.cases].filter(({ name }) => name.startsWith(kind)).map(({ file }) => fromBase64(file));
    if (kind === 'jpeg') originals.push(...jpeg.cases.slice(0, 12).map(({ files }) => fromBase64(files['progressive-restarts'])));
    const result = await fuzz(originals, originals.length * ROUNDS, read);
    assert.ok(result.refused > originals.length, `${result.refused} refused`);
    assert.ok(result.accepted > 0);
  });
}

test('damaged AVIF files likewise', async () => {
  const sharp = (await import('sharp')).default;
  const pixels = fromBase64(decode.cases[0]!.rgb);
  const raw = { width: decode.cases[0]!.width, height: decode.cases[0]!.height, channels: 3 } as const;
  const original = new Uint8Array(await sharp(pixels, { raw }).avif({ effort: 0 }).toBuffer());
  const result = await fuzz([original], 100, read);
  assert.ok(result.refused > 10);
});

async function read(bytes: Uint8Array): Promise<void> {
  const { width, height, data } = await decodeImage(bytes, 'damaged');
  assert.is(data.length, width * height * 3);
}

test.run();
