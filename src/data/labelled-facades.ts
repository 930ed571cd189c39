import { paintNight } from './facades/night.js';
import { photograph } from './facades/camera.js';
import { randomStyle, type WallMaterial } from './facades/style.js';
import { RandomStream } from '../random.js';
import { facadeSet, paintFacade, streamsOf, type SyntheticFacadesOptions } from './synthetic-facades.js';
import type { ImageSet, NamedImage } from './unpaired.js';

/** What the walls are of, by label. */
const WALLS = { brick: 'brick', stone: 'stone', plaster: 'stucco' } as const satisfies Record<string, WallMaterial>;
const NIGHT = 'night';
/** Keeps the draws of the night apart from those of the facades. */
const NIGHT_STREAM = 0x6e696768;

/**
 * Makes a set of photos of facades that the program itself draws, with labels: of what the walls are (`brick`, `stone` or `plaster`, which
 * exclude one another), and whether it is `night`. By day they are those of syntheticFacades(). Photos are made when first asked for and
 * kept; the labels need none to be drawn.
 *
 *     const set = labelledFacades({ count: 400, size: 64, seed: 1, split: 'train' });
 *     set.labels.of(0);          // [0, 0, 1, 0]: plaster, by day
 *
 * @throws as syntheticFacades()
 */
export function labelledFacades(options: SyntheticFacadesOptions): ImageSet & Required<Pick<ImageSet, 'labels'>> {
  const { size, seed, split } = options;
  const atNight = (index: number): RandomStream => new RandomStream(seed ^ NIGHT_STREAM, streamsOf(split).style, index);
  const set = facadeSet('labelled facade', options, (index): NamedImage => {
    const { canvas, layout, camera } = paintFacade(size, seed, split, index);
    const random = atNight(index);
    if (random.chance(0.5)) paintNight(canvas, layout, random);
    return { name: `facade ${index + 1}`, image: photograph(canvas, camera, size) };
  });
  const walls = Object.values(WALLS);
  return {
    kind: 'images',
    ...set,
    labels: {
      names: [...Object.keys(WALLS), NIGHT],
      exclusive: false,
      groups: [Object.keys(WALLS)],
      of(index) {
        const { wall } = randomStyle(new RandomStream(seed, streamsOf(split).style, index));
        return [...walls.map((each) => Number(each === wall)), Number(atNight(index).chance(0.5))];
      },
    },
  };
}
