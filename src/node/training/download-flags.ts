import { ShadegradError } from '../../errors.js';
import { SHA256 } from '../files/download.js';

/** What `--download` of a training is to fetch. */
export const DOWNLOAD_FLAGS = [
  { name: 'download-url', group: 'Data', type: 'string', placeholder: 'URL', description: 'fetch another .tar.gz or .zip of that form' },
  {
    name: 'download-sha256',
    group: 'Data',
    type: 'string',
    placeholder: 'HEX',
    check: (text: string) => (SHA256.test(text) ? undefined : 'the 64 hexadecimal digits of a SHA-256'),
    description: 'the SHA-256 of the archive that --download is to fetch: another one is refused before it is unpacked',
  },
] as const;

/** The flags that have to do with one another here. */
type DownloadFlags = { readonly download: boolean; readonly make?: string | undefined } & {
  readonly [name in (typeof DOWNLOAD_FLAGS)[number]['name']]?: string | undefined;
};

/** @throws BAD_FLAG for what says something of a download where there is none, and for pairs that are to be fetched and made */
export function expectDownload(flags: DownloadFlags): void {
  if (flags.make !== undefined && flags.download) {
    throw new ShadegradError('BAD_FLAG', '--download fetches pairs, and --make makes them of single pictures', {
      expected: 'one of --download and --make',
      received: 'both',
      fix: 'leave out --download; of pairs that are there, npx shadegrad prepare make --half left takes a half',
    });
  }
  const about = DOWNLOAD_FLAGS.find(({ name }) => flags[name] !== undefined);
  if (about === undefined || flags.download) return;
  throw new ShadegradError('BAD_FLAG', `--${about.name} says what --download is to fetch`, {
    expected: '--download with it',
    fix: 'add --download',
  });
}
