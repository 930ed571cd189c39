import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseUrl } from '../../files/download-fetch.js';
import { ShadegradError } from '../../../errors.js';
import { oneLine } from '../../../formats/names.js';
import { cachedFile, expectSafeAddress, isSafeName, weightsCache } from './cache.js';
import type { RemoteKind } from './remote.js';

/** What a file is called in the cache: the ending of its name says what it is where its contents do not. */
const fileName = (url: URL): string => {
  // As the address has it: what is encoded in it need not be text.
  const name = url.pathname
    .split('/')
    .at(-1)!
    .replace(/%20/g, '_')
    .replace(/[^\w.-]/g, '_');
  return /^\.*$/.test(name) ? 'weights' : name;
};

/** A file at an address of the web, and those beside it. */
export const address: RemoteKind = {
  form: 'https://HOST/FILE',
  takes: (text) => /^https?:\/\//i.test(text),
  async open(text) {
    const url = parseUrl(text);
    expectSafeAddress(url);
    if (url.username !== '' || url.password !== '') {
      throw new ShadegradError('DOWNLOAD_FAILED', 'An address of weights with a password in it', {
        expected: 'an address without one: it would be kept in files of the run',
        received: oneLine(url.host, 80),
        fix: 'fetch the file by hand, and name the file',
      });
    }
    // Of one folder of the web one folder of the cache, so that an index finds the files beside it.
    const place = new URL('.', url).href + url.search;
    const folder = join((await weightsCache()).folder, 'web', createHash('sha256').update(place).digest('hex').slice(0, 24));
    const file = fileName(url);
    return {
      ...{ title: oneLine(url.href, 160), folder, file, names: undefined },
      async fetch(name, pin) {
        if (!isSafeName(name)) throw outside(name, url);
        const at = name === file ? url : new URL(name.split('/').map(encodeURIComponent).join('/'), url);
        return cachedFile({
          ...{ url: at.href, path: join(folder, name), expectAddress: expectSafeAddress, sha256: pin },
        });
      },
    };
  },
};

const outside = (name: string, url: URL): ShadegradError =>
  new ShadegradError('DOWNLOAD_FAILED', `${oneLine(url.href, 120)} names a file outside of its folder`, {
    expected: 'a file beside it, or in a folder there',
    received: oneLine(name, 80),
    fix: 'fetch the files by hand if you trust them, and name the first',
  });
