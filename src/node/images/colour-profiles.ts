import { printableText } from '../../formats/names.js';
import { COLOR_PROFILE_FLAG, PROFILE_WAYS, type ProfileWay } from '../../training/run/color-profile-flag.js';
import { otherColours } from './icc.js';

export { COLOR_PROFILE_FLAG, PROFILE_WAYS, type ProfileWay };

/** How images are read that may have a colour profile: what whoever reads them hands on to the decoder. */
export interface ReadImageOptions {
  /** What is done with a colour profile that is not of sRGB: 'ignore' it, or 'convert' the colours to sRGB. Default 'ignore'. */
  readonly colorProfile?: ProfileWay;
  /** Told of images whose profile is ignored. Default: nobody. */
  readonly onIgnoredProfile?: (line: string) => void;
}

/** The names of ReadImageOptions. */
export const READ_IMAGE_OPTIONS = ['colorProfile', 'onIgnoredProfile'] as const satisfies readonly (keyof ReadImageOptions)[];

/**
 * Options that read images in a way, as a program does with `--color-profile`: the first image whose profile is ignored is told, and
 * no other.
 *
 * @param note told of it
 */
export function readingProfiles(colorProfile: ProfileWay, note: (line: string) => void): Required<ReadImageOptions> & { hush(): void } {
  let said = false;
  return {
    colorProfile,
    onIgnoredProfile(line) {
      if (!said) note(line);
      said = true;
    },
    /** Says nothing from now on, such as while a progress bar is drawn. */
    hush: () => void (said = true),
  };
}

/** Whether an image is to be brought to sRGB. @param icc its profile, if it has one */
export function isConverted(
  icc: Uint8Array | undefined,
  name: string,
  { colorProfile = 'ignore', onIgnoredProfile }: ReadImageOptions,
): boolean {
  const colours = profileColours(icc);
  if (colours === undefined) return false;
  if (PROFILE_WAYS[colorProfile].converts) return true;
  onIgnoredProfile?.(
    `note: ${name} has the colour profile ${colours}, which is ignored: its numbers are taken for those of sRGB (--color-profile convert)`,
  );
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
