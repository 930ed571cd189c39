import { ShadegradError } from '../../../errors.js';
import { oneLine } from '../../../formats/names.js';
import { address } from './address.js';
import { hub } from './hub.js';
import type { RemoteFiles } from './remote.js';

/** The kinds of addresses that weights are fetched from, a row each. */
const REMOTES = [hub, address] as const;

/** How addresses of weights are written, for help. */
export const REMOTE_FORMS = REMOTES.map(({ form }) => form).join(' or ');

/** Whether a text is an address that weights are fetched from, and no path. */
export const isRemote = (text: string): boolean => REMOTES.some((kind) => kind.takes(text));

/** An address of weights as it may be told to anybody: without its query, which may let in whoever has it. */
export const publicAddress = (text: string): string => text.replace(/\?[^#]*/, '');

/** What pins a file: its SHA-256, at the end of the address. */
const PIN = /^sha256=([0-9a-fA-F]{64})$/;

/**
 * Finds out what an address of weights names.
 *
 * @returns its files, and the SHA-256 that the one which is meant must have, where the address says it; undefined for a path
 * @throws DOWNLOAD_FAILED, DATA_NOT_FOUND
 */
export async function openRemote(text: string): Promise<{ files: RemoteFiles; pin: string | undefined } | undefined> {
  const kind = REMOTES.find((each) => each.takes(text));
  if (kind === undefined) return undefined;
  const at = text.indexOf('#');
  const pin = at < 0 ? undefined : PIN.exec(text.slice(at + 1))?.[1]?.toLowerCase();
  if (at >= 0 && pin === undefined) {
    throw new ShadegradError('DOWNLOAD_FAILED', `${oneLine(text.slice(0, at), 120)} has something strange after the #`, {
      expected: '#sha256= and the 64 hexadecimal digits that the file must have',
      received: oneLine(text.slice(at), 100),
      fix: 'leave out what begins with #, or write the whole sum',
    });
  }
  return { files: await kind.open(at < 0 ? text : text.slice(0, at)), pin };
}
