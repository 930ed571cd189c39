// not in browsers: it is about files of pictures
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage } from '../../../src/data/image.js';
import { encodePicture, PICTURE_FORMATS, type PictureFormatName } from '../../../src/node/images/encode.js';
import { profileOf, withProfile } from '../../../src/node/images/profile.js';
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

test('a grey profile is none of a result in colours', async () => {
  const grey = await sharp(image.data, raw).toColourspace('b-w').withIccProfile('p3').png().toBuffer();
  const profile = await profileOf(grey);
  if (profile) assert.is(Buffer.from(profile).toString('latin1', 16, 20), 'RGB ');
  const icc = Buffer.alloc(200);
  icc.write('GRAY', 16, 'latin1');
  assert.is(await profileOf(withProfile(await encodePicture(image, 'png'), 'png', icc)), undefined);
});

test.run();
