import { printableText } from '../../formats/names.js';
import { COLOR_PROFILE_FLAG, PROFILE_WAYS, type ProfileWay } from '../../training/run/color-profile-flag.js';
import { otherColours } from './icc.js';

export { COLOR_PROFILE_FLAG, PROFILE_WAYS, type ProfileWay };

let chosen: ProfileWay = 'ignore';
let tell: ((line: string) => void) | undefined;

/**
 * Chooses what the images that this process reads from now on have done to their colours: what a program does with `--color-profile`. All
 * that a program reads in one call is read in one way.
 *
 * @param note told once, of the first image whose profile is ignored; undefined to say nothing
 */
export function readProfiles(way: ProfileWay, note?: (line: string) => void): void {
  chosen = way;
  tell = note;
}

/** Whether an image is to be brought to sRGB. @param icc its profile, if it has one */
export function isConverted(icc: Uint8Array | undefined, name: string): boolean {
  const colours = profileColours(icc);
  if (colours === undefined) return false;
  if (PROFILE_WAYS[chosen].converts) return true;
  tell?.(
    `note: ${name} has the colour profile ${colours}, which is ignored: its numbers are taken for those of sRGB (--color-profile convert)`,
  );
  tell = undefined;
  return false;
}

/** What a profile says that the colours of an image are, by name; undefined for sRGB, and where it is no profile of red, green and blue. */
export function profileColours(icc: Uint8Array | undefined): string | undefined {
  const colours = icc !== undefined && isRgbProfile(icc) ? otherColours(icc) : undefined;
  // What a file says of itself goes to a terminal.
  return colours === undefined ? undefined : printableText(colours);
}

/** Whether a profile is one of red, green and blue. */
export const isRgbProfile = (icc: Uint8Array): boolean =>
  icc.length > 132 && Buffer.from(icc.buffer, icc.byteOffset, icc.length).toString('latin1', 16, 20) === 'RGB ';
