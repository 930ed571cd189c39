import { PUBLISHED_SETS, type PublishedName, type PublishedSet } from '../files/published-sets.js';

/** The settings of a published training. */
export interface Recipe {
  readonly name: string;
  /** What it trains, in a line. */
  readonly title: string;
  readonly scheme: 'pix2pix' | 'cyclegan';
  /** Flags of the training and their values, as a file for --options has them. What is typed, and what stands in such a file, wins. */
  readonly flags: Readonly<Record<string, string | number | boolean>>;
  /** The data, where somebody serves them. */
  readonly set?: PublishedName;
  /** Where the data are, or what to take, where nobody does. */
  readonly source?: string;
}

type Paired = Omit<Recipe, 'name' | 'scheme'>;

// Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", section 6.2: jitter is a resize to 286 and a crop to
// 256, and each task has its epochs, its batch, and whether it had jitter and mirroring. A task of which the paper mentions neither has
// neither here. Their train.lua has one rate, 2e-4, from the first epoch to the last. Directions are those of their README.
const paper = (name: string, { flags, ...rest }: Paired): Recipe => ({
  name,
  scheme: 'pix2pix',
  ...rest,
  flags: { preset: 'full', 'lr-policy': 'constant', ...flags },
});

/**
 * Ummadi's two runs: colours changed in half of the samples, and a tenth of the rate after every 20 epochs. That the input alone changes is
 * ours: the colours of a map, and those that a sketch is to get, are what is learned.
 */
const ummadi = {
  ...{ 'color-jitter': 0.5, 'jitter-on': 'input' },
  ...{ 'lr-policy': 'step', 'lr-decay-iters': 20, 'lr-decay-factor': 0.1 },
} as const;

// Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", sections 4 and 7.1: batches of 1, 100
// epochs at 2e-4 and 100 in which it falls to 0, at 256 pixels. The identity loss is for paintings and for the photos of flowers (half
// the weight of the cycle); the authors' Torch program has none by default (identity = 0 in options.lua).
const unpaired = (name: string, title: string, set: PublishedName, identity: 0 | 0.5): Recipe => ({
  name,
  title,
  scheme: 'cyclegan',
  set,
  flags: { preset: 'full', epochs: 200, batch: 1, 'lambda-identity': identity },
});

const CITYSCAPES = 'https://www.cityscapes-dataset.com after a registration: its licence lets nobody else serve it';

/** The recipes of `train --recipe`, a row each. */
export const RECIPES: readonly Recipe[] = [
  // "Architectural labels to photo": 400 images, 200 epochs, batch 1, jitter and mirroring.
  paper('facades', {
    title: 'label maps to photos of facades (CMP); AtoB: photos to label maps',
    set: 'facades',
    flags: { direction: 'BtoA', epochs: 200, batch: 1 },
  }),
  // The same at the size of its authors: 606 photos, of which the archive of pix2pix has 256 x 256 pixels in JPEGs. A tenth is held out.
  paper('facades-cmp', {
    title: 'label maps to photos: the CMP facades as their authors publish them, base and extended, with unblurred label maps',
    set: 'cmp-facades',
    flags: { direction: 'BtoA', epochs: 200, batch: 1 },
  }),
  // 2975 images, 200 epochs, jitter and mirroring; batch 1 for the U-Net, 10 where it is compared with an encoder-decoder.
  paper('cityscapes', {
    title: 'label maps to photos of streets; AtoB: photos to label maps',
    source: CITYSCAPES,
    flags: { direction: 'BtoA', epochs: 200, batch: 1 },
  }),
  // 1096 images, 200 epochs, batch 1, jitter and mirroring.
  paper('maps', {
    title: 'aerial photos to maps; BtoA: maps to aerial photos',
    set: 'maps',
    flags: { direction: 'AtoB', epochs: 200, batch: 1 },
  }),
  // 50,000 and 137,000 images, 15 epochs, batch 4.
  paper('edges2shoes', {
    title: 'edges to photos of shoes (UT Zappos50K)',
    set: 'edges2shoes',
    flags: { direction: 'AtoB', epochs: 15, batch: 4, jitter: false },
  }),
  paper('edges2handbags', {
    title: 'edges to photos of handbags',
    set: 'edges2handbags',
    flags: { direction: 'AtoB', epochs: 15, batch: 4, jitter: false },
  }),
  // The paper shows drawings by hand to networks that were trained on edges.
  paper('sketch', {
    title: 'drawings to photos: the settings of edges2shoes, for pictures of your own with softened edges made of them',
    source: 'a folder of photos: their edges are made while it trains (--make)',
    flags: { direction: 'AtoB', make: 'soft-edges', epochs: 15, batch: 4, jitter: false },
  }),
  // 17,823 images, 17 epochs, batch 4, jitter and mirroring. Night is half A of the archive.
  paper('day2night', {
    title: 'webcams by day to night; AtoB: night to day',
    set: 'night2day',
    flags: { direction: 'BtoA', epochs: 17, batch: 4 },
  }),
  // 1.2 million images, about 6 epochs, batch 4, mirroring alone: what is resized to 256 is cropped to all of itself.
  paper('colorization', {
    title: 'grey pictures to coloured ones: lightness to the colours of CIELAB',
    source: 'a folder of coloured pictures (the paper has ImageNet): both halves are made while it trains (--make)',
    flags: { make: 'lab', epochs: 6, batch: 4, 'load-size': 256 },
  }),
  // 36,609 images, 10 epochs, batch 4.
  paper('thermal', {
    title: 'thermal pictures (half A) to colour photos (half B)',
    source: 'the KAIST multispectral pedestrian data set, joined in pairs (npx shadegrad prepare combine)',
    flags: { direction: 'AtoB', epochs: 10, batch: 4, jitter: false },
  }),
  // 14,900 images, 25 epochs, batch 4.
  paper('inpainting', {
    title: 'photos with a hole to whole ones',
    source: 'a folder of photos (the paper has Paris StreetView): the holes are made while it trains (--make)',
    flags: { direction: 'AtoB', make: 'mask', epochs: 25, batch: 4, jitter: false },
  }),
  // How long the two runs were is not known: after five falls of the rate nothing moves.
  paper('aerial2map', {
    title: 'aerial photos to maps as Ummadi trained it, in batches of 16',
    set: 'maps',
    flags: { direction: 'AtoB', epochs: 100, batch: 16, ...ummadi },
  }),
  paper('anime', {
    title: 'anime sketches (half B) to colours (half A) as Ummadi trained it, in batches of 32',
    source: 'the set "Anime Sketch Colorization Pair" of Kaggle',
    flags: { direction: 'BtoA', epochs: 100, batch: 32, ...ummadi },
  }),
  unpaired('horse2zebra', 'horses and zebras, both ways', 'cyclegan-horse2zebra', 0),
  unpaired('apple2orange', 'apples and oranges, both ways', 'cyclegan-apple2orange', 0),
  unpaired('summer2winter', 'Yosemite in summer and winter, both ways', 'cyclegan-summer2winter_yosemite', 0),
  unpaired('monet2photo', 'paintings by Monet and photos, both ways', 'cyclegan-monet2photo', 0.5),
  unpaired('cezanne2photo', 'paintings by Cezanne and photos, both ways', 'cyclegan-cezanne2photo', 0.5),
  unpaired('ukiyoe2photo', 'Ukiyo-e prints and photos, both ways', 'cyclegan-ukiyoe2photo', 0.5),
  unpaired('vangogh2photo', 'paintings by Van Gogh and photos, both ways', 'cyclegan-vangogh2photo', 0.5),
  unpaired('iphone2dslr', 'flowers by a telephone and by a camera, both ways', 'cyclegan-iphone2dslr_flower', 0.5),
  unpaired('maps-unpaired', 'aerial photos and maps, both ways, without pairs', 'cyclegan-maps', 0),
  unpaired('facades-unpaired', 'facades and their label maps, both ways, without pairs', 'cyclegan-facades', 0),
];

/** What prints the recipes, in place of the name of one. */
export const LIST = 'list';

/** The recipe of a name, if there is one. */
export const recipeNamed = (name: unknown): Recipe | undefined => RECIPES.find((recipe) => recipe.name === name);

/** The data that a recipe is for, where somebody serves them. */
export const setOf = ({ set }: Recipe): PublishedSet | undefined => (set === undefined ? undefined : PUBLISHED_SETS[set]);

/** The recipes, a line each. */
export function formatRecipes(): string {
  const width = Math.max(...RECIPES.map(({ name }) => name.length));
  return RECIPES.map(({ name, title, set }) => `${name.padEnd(width)}  ${title}${set === undefined ? '' : ' (--download)'}\n`).join('');
}
