// not in browsers: it is about files of pictures
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage } from '../../../src/data/image.js';
import { encodePicture, PICTURE_FORMATS, type PictureFormatName } from '../../../src/node/images/encode.js';
import { profileColours, readingProfiles } from '../../../src/node/images/colour-profiles.js';
import { coloursOf, profileOf, withProfile } from '../../../src/node/images/profile.js';
import { decodeImage } from '../../../src/node/images/read.js';

const image = { ...createImage(21, 13), data: new Uint8Array(21 * 13 * 3).map((_, at) => (at * 7) % 256) };
const raw = { raw: { width: 21, height: 13, channels: 3 } } as const;

test('a profile is read, and is the same in a result of each format, whose pixels stay', async () => {
  const profile = await profileOf(await sharp(image.data, raw).withIccProfile('p3').png().toBuffer());
  assert.ok(profile && profile.length > 200);
  // One that takes several segments of a JPEG.
  const large = Buffer.concat([profile, Buffer.alloc(150_004 - profile.length, 5)]);
  large.writeUInt32BE(large.length, 0);
  for (const format of Object.keys(PICTURE_FORMATS) as PictureFormatName[]) {
    const plain = await encodePicture(image, format);
    assert.is(withProfile(plain, format, undefined), plain);
    assert.is(await profileOf(plain), undefined);
    for (const icc of [profile, large]) {
      const kept = withProfile(plain, format, icc);
      assert.ok(Buffer.from((await profileOf(kept))!).equals(Buffer.from(icc)), `${format} ${icc.length}`);
      assert.equal(await decodeImage(kept), await decodeImage(plain));
    }
  }
});

test('a WebP of any kind keeps its pixels beside a profile: without loss, with transparency, with a profile already', async () => {
  const profile = (await profileOf(await sharp(image.data, raw).withIccProfile('p3').png().toBuffer()))!;
  const clear = { raw: { width: 2, height: 2, channels: 4 } } as const;
  const kinds = [
    await sharp(image.data, raw).webp({ lossless: true }).toBuffer(),
    await sharp(
      Uint8Array.from({ length: 16 }, (_, at) => 40 * (at % 5)),
      clear,
    )
      .webp({ lossless: true })
      .toBuffer(),
    await sharp(
      Uint8Array.from({ length: 16 }, (_, at) => 40 * (at % 5)),
      clear,
    )
      .webp()
      .toBuffer(),
    await sharp(image.data, raw).withIccProfile('srgb').webp().toBuffer(),
  ];
  assert.equal(
    kinds.map((bytes) => bytes.toString('latin1', 12, 16)),
    ['VP8L', 'VP8L', 'VP8X', 'VP8X'],
  );
  for (const [at, plain] of kinds.entries()) {
    const kept = withProfile(plain, 'webp', profile);
    assert.ok(Buffer.from((await profileOf(kept))!).equals(Buffer.from(profile)), String(at));
    assert.equal(await decodeImage(kept), await decodeImage(plain), String(at));
    assert.is((await sharp(kept).metadata()).hasAlpha, (await sharp(plain).metadata()).hasAlpha);
  }
});

test('a grey profile is none of a result in colours', async () => {
  const grey = await sharp(image.data, raw).toColourspace('b-w').withIccProfile('p3').png().toBuffer();
  const profile = await profileOf(grey);
  if (profile) assert.is(Buffer.from(profile).toString('latin1', 16, 20), 'RGB ');
  const icc = Buffer.alloc(200);
  icc.write('GRAY', 16, 'latin1');
  assert.is(await profileOf(withProfile(await encodePicture(image, 'png'), 'png', icc)), undefined);
});

/** An RGB profile as cameras write them: primaries, and one curve for all three. */
function profileWith(name: string, primaries: readonly number[], curve: Uint8Array): Buffer {
  const fixed = (values: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(8 + 4 * values.length);
    bytes.write('XYZ ');
    for (const [at, value] of values.entries()) bytes.writeInt32BE(Math.round(value * 65_536), 8 + 4 * at);
    return bytes;
  };
  const description = Buffer.alloc(12 + name.length + 80);
  description.write('desc');
  description.writeUInt32BE(name.length + 1, 8);
  description.write(name, 12, 'latin1');
  const tags: [string, Uint8Array][] = [
    ['desc', description],
    ['wtpt', fixed([0.9642, 1, 0.8249])],
    ...['rXYZ', 'gXYZ', 'bXYZ'].map((tag, at): [string, Uint8Array] => [tag, fixed(primaries.slice(3 * at, 3 * at + 3))]),
    ...['rTRC', 'gTRC', 'bTRC'].map((tag): [string, Uint8Array] => [tag, curve]),
  ];
  const head = Buffer.alloc(132 + 12 * tags.length);
  head.write('mntrRGB XYZ ', 12);
  head.writeUInt32BE(0x02400000, 8);
  head.write('acsp', 36);
  fixed([0.9642, 1, 0.8249]).copy(head, 68, 8);
  head.writeUInt32BE(tags.length, 128);
  const parts: Buffer[] = [head];
  let offset = head.length;
  for (const [at, [tag, bytes]] of tags.entries()) {
    head.write(tag, 132 + 12 * at);
    head.writeUInt32BE(offset, 136 + 12 * at);
    head.writeUInt32BE(bytes.length, 140 + 12 * at);
    const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    parts.push(padded);
    offset += padded.length;
  }
  head.writeUInt32BE(offset, 0);
  return Buffer.concat(parts);
}

const curve = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(12 + 2 * values.length);
  bytes.write('curv');
  bytes.writeUInt32BE(values.length, 8);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, 12 + 2 * at);
  return bytes;
};
const encoded = (light: number): number => (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
const light = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const ADOBE = profileWith(
  'Adobe RGB (1998)',
  [0.60974, 0.31111, 0.01947, 0.20528, 0.62567, 0.06087, 0.14919, 0.06322, 0.74457],
  curve(563),
);
const P3 = profileWith(
  'Display P3',
  [0.51512, 0.2412, -0.00105, 0.29198, 0.69225, 0.04189, 0.1571, 0.06657, 0.78407],
  curve(...Array.from({ length: 1024 }, (_, at) => Math.round(light(at / 1023) * 65_535))),
);
const SRGB = profileWith(
  'sRGB IEC61966-2.1',
  [0.43607, 0.22249, 0.01392, 0.38515, 0.71687, 0.09708, 0.14307, 0.06061, 0.7141],
  curve(...Array.from({ length: 1024 }, (_, at) => Math.round(light(at / 1023) * 65_535))),
);

/** What colours are in sRGB, by the two spaces' primaries under D65. */
const IN_SRGB: readonly (readonly [name: string, icc: Buffer, lightOf: (value: number) => number, matrix: readonly number[]])[] = [
  ['Adobe RGB (1998)', ADOBE, (value) => value ** (563 / 256), [1.39836, -0.39836, 0, 0, 1, 0, 0, -0.04293, 1.04293]],
  ['Display P3', P3, light, [1.22494, -0.22494, 0, -0.04206, 1.04206, 0, -0.01964, -0.07864, 1.09827]],
];

const CONVERT = { colorProfile: 'convert' } as const;

test('colours of Adobe RGB and Display P3 are brought to sRGB, in files of every kind; those of sRGB keep their bits', async () => {
  for (const [name, icc, lightOf, matrix] of IN_SRGB) {
    const expected = image.data.map((_, at) => {
      const pixel = Array.from(image.data.subarray(at - (at % 3), at - (at % 3) + 3), (value) => lightOf(value / 255));
      const row = matrix.slice(3 * (at % 3), 3 * (at % 3) + 3);
      return Math.round(
        255 *
          encoded(
            Math.min(
              1,
              Math.max(
                0,
                row.reduce((sum, each, of) => sum + each * pixel[of]!, 0),
              ),
            ),
          ),
      );
    });
    const tagged = withProfile(await encodePicture(image, 'png'), 'png', icc);
    assert.is(await coloursOf(tagged), name);
    const { data } = await decodeImage(tagged, name, CONVERT);
    const far = data.map((value, at) => Math.abs(value - expected[at]!)).filter((difference) => difference > 2);
    // Near black the two curves have no common slope, and a table is coarse there.
    assert.ok(far.length < data.length / 50, `${name}: ${far.length} of ${data.length}, up to ${Math.max(...far)}`);
    assert.not.equal(data, image.data);
    for (const format of ['jpeg', 'webp'] as const) {
      const plain = await encodePicture(image, format);
      assert.not.equal(await decodeImage(withProfile(plain, format, icc), format, CONVERT), await decodeImage(plain), format);
    }
    const deep = await sharp(
      Uint16Array.from(image.data, (value) => value * 257),
      raw,
    )
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const wide = await decodeImage(withProfile(deep, 'png', icc), name, CONVERT);
    const most = (of: Uint8Array): number => wide.data.reduce((far, value, at) => Math.max(far, Math.abs(value - of[at]!)), 0);
    assert.ok(most(data) <= 1, `16 bits of ${name}: ${most(data)} from 8 bits, ${most(expected)} from what is expected`);
    // Each call says how it reads: one does not change what the next one does.
    assert.equal((await decodeImage(tagged)).data, image.data);
  }
  for (const icc of [SRGB, undefined]) {
    const same = withProfile(await encodePicture(image, 'png'), 'png', icc);
    assert.is(await coloursOf(same), undefined);
    assert.equal((await decodeImage(same, 'same', CONVERT)).data, image.data);
  }
});

test('a profile that is ignored is told once; what a damaged one says is nothing', async () => {
  const notes: string[] = [];
  const { hush, ...reading } = readingProfiles('ignore', (line) => notes.push(line));
  const tagged = withProfile(await encodePicture(image, 'png'), 'png', P3);
  await decodeImage(await encodePicture(image, 'png'), 'plain.png', reading);
  for (const name of ['a.png', 'b.png']) await decodeImage(tagged, name, reading);
  assert.is(notes.length, 1);
  assert.match(notes[0]!, /a\.png has the colour profile Display P3, which is ignored.*--color-profile convert/);
  hush();
  for (let length = 133; length < ADOBE.length; length += 7) profileColours(ADOBE.subarray(0, length));
  const odd = Buffer.from(SRGB);
  odd.fill(255, 132);
  assert.is(profileColours(odd), 'a profile without a name');
});

test.run();
