/** A data set that its authors serve as an archive. */
export interface PublishedSet {
  /** As they call it, and by default the folder that it is fetched into. */
  readonly name: string;
  readonly url: string;
  /** Further archives of it, whose folders lie beside those of the first. */
  readonly further?: readonly string[];
  /** Folders that it has, by which it is told from something else. */
  readonly folders: readonly string[];
  /** What the archive has about, in bytes; several times that are refused. */
  readonly about: number;
}

// The addresses of download_pix2pix_dataset.sh and download_cyclegan_dataset.sh in pytorch-CycleGAN-and-pix2pix, over https. cityscapes
// stands in both and is served no more: its licence does not allow it. Nobody publishes checksums. The sizes, to the order of magnitude,
// of the pairs are those in the README of pix2pix-tensorflow.
const SERVER = 'https://efrosgans.eecs.berkeley.edu';
const MB = 1e6;

const pairs = (name: string, about: number): PublishedSet => ({
  name,
  url: `${SERVER}/pix2pix/datasets/${name}.tar.gz`,
  folders: ['train', 'val'],
  about,
});

const twoSets = (name: string, about: number): PublishedSet => ({
  name: `cyclegan-${name}`,
  url: `${SERVER}/cyclegan/datasets/${name}.zip`,
  folders: ['trainA', 'trainB'],
  about,
});

/** Where the authors of the CMP Facade Database serve it: photos beside label maps, 378 and 228 of them. */
const CMP = 'https://cmp.felk.cvut.cz/~tylecr1/facade';

/** The data sets of pix2pix (pairs side by side) and CycleGAN (two sets of pictures), and what one of them was made of, a row each. */
export const PUBLISHED_SETS = {
  'cmp-facades': {
    name: 'cmp-facades',
    url: `${CMP}/CMP_facade_DB_base.zip`,
    further: [`${CMP}/CMP_facade_DB_extended.zip`],
    folders: ['base', 'extended'],
    about: 60 * MB,
  },
  facades: pairs('facades', 30 * MB),
  maps: pairs('maps', 250 * MB),
  edges2shoes: pairs('edges2shoes', 2200 * MB),
  edges2handbags: pairs('edges2handbags', 8600 * MB),
  night2day: pairs('night2day', 2000 * MB),
  'cyclegan-apple2orange': twoSets('apple2orange', 100 * MB),
  'cyclegan-summer2winter_yosemite': twoSets('summer2winter_yosemite', 150 * MB),
  'cyclegan-horse2zebra': twoSets('horse2zebra', 120 * MB),
  'cyclegan-monet2photo': twoSets('monet2photo', 300 * MB),
  'cyclegan-cezanne2photo': twoSets('cezanne2photo', 300 * MB),
  'cyclegan-ukiyoe2photo': twoSets('ukiyoe2photo', 300 * MB),
  'cyclegan-vangogh2photo': twoSets('vangogh2photo', 300 * MB),
  'cyclegan-maps': twoSets('maps', 1500 * MB),
  'cyclegan-facades': twoSets('facades', 40 * MB),
  'cyclegan-iphone2dslr_flower': twoSets('iphone2dslr_flower', 350 * MB),
} as const satisfies Readonly<Record<string, PublishedSet>>;

/** The name of a data set that can be fetched. */
export type PublishedName = keyof typeof PUBLISHED_SETS;
