import { ShadegradError } from '../errors.js';
import type { NetworkArchitecture, NetworkRole, WantedNetwork } from '../models/kind.js';
import { UPSAMPLINGS } from '../models/doubling.js';
import { NETWORKS, networkKind } from '../models/registry.js';
import { LEAST_LEVELS } from '../models/unet.js';
import { oneOf, whole, type OptionRow } from '../training/option-table.js';
import type { Norm } from '../models/defaults.js';

/** The kinds of a role that a scheme can be asked for by name: those whose row says how they are built for one. */
export const chosenKinds = (role: NetworkRole): string[] =>
  NETWORKS.filter((row) => row.role === role && row.chosen).map(({ kind }) => kind);

/**
 * The row of an option that chooses the kind of a network.
 *
 * @param what of the scheme it is, such as `the generators`
 * @param byDefault the kind where it is left out, in words
 */
export const kindRow = (role: NetworkRole, what: string, byDefault: string): OptionRow => ({
  optional: true,
  fix: `leave it out for ${byDefault}`,
  flag: {
    group: 'Networks',
    reference: [role === 'generator' ? 'netG' : 'netD'],
    type: 'choice',
    // Asked for anew each time: a program may have registered its own.
    get choices() {
      return chosenKinds(role);
    },
    description: `kind of ${what}; ${byDefault}`,
  },
});

/** The row of an option that says how many residual blocks a network has. */
export const BLOCKS_ROW: OptionRow = {
  fits: whole(1, 64),
  expected: 'a whole number of residual blocks from 1 to 64',
  fix: 'leave it out for 9, or 6 below 256 pixels',
  optional: true,
  presetFor: 'generator',
  flag: {
    group: 'Networks',
    type: 'integer',
    min: 1,
    max: 64,
    description: 'residual blocks of a resnet; by default 9, below 256 pixels 6',
  },
};

/** The row of an option that says how many PatchGANs judge an image, each at half the size of the one before. */
export const DISCRIMINATORS_ROW: OptionRow = {
  fits: whole(1, 6),
  expected: 'a whole number from 1 to 6',
  fix: 'leave it out for 1; pix2pixHD uses 2',
  optional: true,
  flag: {
    group: 'Networks',
    reference: ['num_D'],
    type: 'integer',
    min: 1,
    max: 6,
    description: 'how many patchgans judge an image, each at half the size of the one before (a multiscale-patchgan); 1',
  },
};

/** The row of an option that says how generators double an image. */
export const UPSAMPLE_ROW: OptionRow = {
  optional: true,
  fix: 'leave it out for transposed',
  flag: {
    group: 'Networks',
    type: 'choice',
    choices: UPSAMPLINGS,
    description:
      'how a decoder doubles an image: a transposed convolution, or a resized image (by nearest pixels or bilinear) and a convolution of ' +
      '3 x 3, which leaves no checkerboard; transposed',
  },
};

/** The row of an option that says how many layers of a PatchGAN halve the image, and so how large its patches are. */
export const LAYERS_ROW: OptionRow = {
  fits: whole(1, 8),
  expected: 'a whole number of layers from 1 to 8',
  fix: 'leave it out for 3: patches of 70 x 70 pixels',
  optional: true,
  presetFor: 'discriminator',
  flag: {
    group: 'Networks',
    reference: ['n_layers_D'],
    type: 'integer',
    min: 1,
    max: 8,
    description:
      'layers of a patchgan that halve the image: with 1 it judges patches of 16 x 16 pixels, with 2 of 34, 3 of 70, 4 of 142, 5 of 286 ' +
      '(a pixelgan judges each pixel); 3',
  },
};

/** The row of an option that chooses the normalisation of both networks. */
export const normRow = (byDefault: Norm): OptionRow => ({
  optional: true,
  fits: oneOf('batch', 'instance', 'none'),
  expected: "'batch', 'instance' or 'none'",
  fix: `leave it out for ${byDefault}`,
  flag: {
    group: 'Networks',
    reference: ['norm'],
    type: 'choice',
    choices: ['batch', 'instance', 'none'],
    description: `normalisation in all networks; ${byDefault}`,
  },
});

/**
 * The row of an option that says how many channels images have.
 *
 * @param reference the name that the reference program has for it
 * @param what the images are, such as `what is translated`
 */
export const channelsRow = (reference: string, what: string): OptionRow => ({
  optional: true,
  fits: oneOf(1, 3),
  expected: '3 (colours) or 1 (grey)',
  fix: 'leave it out for 3',
  flag: {
    group: 'Data',
    reference: [reference],
    type: 'integer',
    min: 1,
    max: 3,
    check: (channels) => (channels === 2 ? '3 (colours) or 1 (grey)' : undefined),
    description: `channels of ${what}: 3 for colours, 1 for grey; 3`,
  },
});

/** The options of a scheme by which a network is asked for, under the names that errors call them. */
export type Asked = Readonly<Partial<Record<keyof WantedNetwork, string>>>;

/**
 * The architecture of a network that is asked for by its kind.
 *
 * @param wanted what is undefined is not asked for
 * @param asked the option by which each of what not every kind follows was asked for
 * @throws INVALID_ARGUMENT for what this kind does not have
 */
export function chosenNetwork(kind: string, wanted: WantedNetwork, asked: Asked): NetworkArchitecture {
  const { chosen, title } = networkKind(kind);
  if (!chosen)
    throw new ShadegradError('INVALID_ARGUMENT', 'kind of a network of the training', { received: kind, fix: 'name another kind' });
  for (const [name, option] of Object.entries(asked) as [keyof WantedNetwork, string][]) {
    if (wanted[name] === undefined || chosen.follows.includes(name)) continue;
    const others = NETWORKS.filter((row) => row.role === networkKind(kind).role && row.chosen?.follows.includes(name));
    throw new ShadegradError('INVALID_ARGUMENT', `${option} of the training`, {
      expected: `none with the network ${title}`,
      received: String(wanted[name]),
      fix: `leave it out, or choose ${others.map((row) => row.kind).join(' or ')}`,
    });
  }
  if (chosen.follows.includes('levels') && wanted.levelSize < 2 ** LEAST_LEVELS) {
    throw new ShadegradError('INVALID_ARGUMENT', 'size of the training', {
      expected: `sides that are multiples of ${2 ** LEAST_LEVELS} for the network ${title}: it halves them at least ${LEAST_LEVELS} times`,
      received: `sides that are multiples of ${wanted.levelSize} alone`,
      fix: 'choose other sides, or the generator resnet: it takes multiples of 4',
    });
  }
  const least = chosen.leastSize?.(wanted) ?? 1;
  if (wanted.size < least) {
    const deeper = asked.layers !== undefined && wanted.layers !== undefined;
    throw new ShadegradError('INVALID_ARGUMENT', `${deeper ? asked.layers : 'size'} of the training`, {
      expected: [
        `images of at least ${least} x ${least} pixels for the network ${title}`,
        deeper && `with ${asked.layers} ${wanted.layers}`,
      ]
        .filter(Boolean)
        .join(', '),
      received: `${deeper ? `${wanted.layers}, and images of ` : ''}${wanted.size} pixels`,
      fix: deeper ? 'use fewer layers, or larger images' : 'use larger images',
    });
  }
  const options = Object.entries(chosen.options(wanted)).filter(([, value]) => value !== undefined);
  return { kind, options: Object.fromEntries(options) };
}

/**
 * Checks that a network out of a file is of the kind that was asked for, if one was.
 *
 * @param option by which it is asked for
 * @throws INVALID_ARGUMENT for another
 */
export function expectKind(option: string, wanted: string | undefined, given: NetworkArchitecture | undefined): void {
  if (wanted === undefined || given === undefined || given.kind === wanted) return;
  throw new ShadegradError('INVALID_ARGUMENT', `${option} of the training`, {
    expected: `${given.kind}, the kind of the network that it begins with`,
    received: wanted,
    fix: 'leave it out, or begin with no network of a file',
  });
}

/** Which of the kinds that can be asked for a network is of; undefined for another. */
export const askedKind = ({ kind }: NetworkArchitecture): string | undefined => (networkKind(kind).chosen ? kind : undefined);
