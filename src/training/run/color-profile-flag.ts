import type { Flag } from './flag-table.js';

/** What is done with the colour profile of an image that is not of sRGB, by what it is asked for by. */
export const PROFILE_WAYS = {
  ignore: { description: 'take the numbers in the file as they are, as Pillow and the reference do', converts: false },
  convert: {
    description: 'bring colours to sRGB, so that a photo tagged Display P3 or Adobe RGB looks as it does elsewhere',
    converts: true,
  },
} as const satisfies Readonly<Record<string, { readonly description: string; readonly converts: boolean }>>;

/** The name of a way of PROFILE_WAYS. */
export type ProfileWay = keyof typeof PROFILE_WAYS;

/** The flag that says what is done with the colour profiles of images that are read. Without a default: a run may have chosen. */
export const COLOR_PROFILE_FLAG = {
  name: 'color-profile',
  group: 'Data',
  type: 'choice',
  choices: Object.keys(PROFILE_WAYS) as ProfileWay[],
  description: `of images with a colour profile (ICC) that is not of sRGB: ${Object.entries(PROFILE_WAYS)
    .map(([name, { description }]) => `${name}, ${description}`)
    .join('; ')}; by default ignore`,
} as const satisfies Flag;
