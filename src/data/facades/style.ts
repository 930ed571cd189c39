import type { RandomStream } from '../../random.js';
import type { Light } from './canvas.js';
import type { Colour } from './classes.js';

export type WallMaterial = 'brick' | 'stucco' | 'stone';
export type WindowPanes = 'cross' | 'casement' | 'sash' | 'grid';
export type RoofKind = 'tiles' | 'slate' | 'none';

/** Everything about a building that its label map does not say. */
export interface FacadeStyle {
  textureSeed: number;
  light: Light;
  wall: WallMaterial;
  wallColour: Colour;
  base: WallMaterial;
  baseColour: Colour;
  trimColour: Colour;
  frameColour: Colour;
  doorColour: Colour;
  blindColour: Colour;
  shopColour: Colour;
  railColour: Colour;
  roof: RoofKind;
  roofColour: Colour;
  neighbourColour: Colour;
  skyTop: Colour;
  skyBottom: Colour;
  pavement: Colour;
  panes: WindowPanes;
  pediments: boolean;
  solidBalconies: boolean;
  awnings: boolean;
}

const WALLS: Record<WallMaterial, readonly Colour[]> = {
  stucco: [
    [214, 196, 150],
    [224, 208, 178],
    [203, 178, 138],
    [221, 190, 176],
    [190, 200, 176],
    [205, 205, 196],
    [226, 216, 160],
    [188, 166, 140],
    [198, 190, 204],
    [216, 178, 128],
    [176, 172, 164],
  ],
  brick: [
    [150, 84, 64],
    [166, 98, 74],
    [132, 76, 62],
    [178, 120, 88],
    [142, 100, 82],
  ],
  stone: [
    [182, 172, 152],
    [168, 162, 150],
    [196, 184, 158],
    [152, 146, 138],
  ],
};

const TRIMS: readonly Colour[] = [
  [232, 226, 212],
  [220, 212, 192],
  [206, 198, 182],
  [238, 236, 230],
  [188, 176, 156],
];
const FRAMES: readonly Colour[] = [
  [236, 234, 228],
  [228, 224, 214],
  [96, 66, 46],
  [72, 84, 74],
  [214, 210, 204],
];
const DOORS: readonly Colour[] = [
  [92, 58, 38],
  [70, 48, 38],
  [52, 72, 58],
  [110, 44, 38],
  [58, 62, 74],
  [124, 86, 54],
];
const BLINDS: readonly Colour[] = [
  [58, 82, 66],
  [112, 80, 56],
  [196, 188, 170],
  [126, 132, 130],
  [76, 88, 104],
];
const SHOPS: readonly Colour[] = [
  [176, 40, 36],
  [36, 70, 128],
  [40, 102, 74],
  [198, 150, 46],
  [52, 50, 52],
  [122, 58, 96],
];
const ROOFS: Record<RoofKind, readonly Colour[]> = {
  tiles: [
    [158, 82, 58],
    [140, 72, 54],
    [120, 66, 52],
  ],
  slate: [
    [92, 94, 100],
    [78, 78, 82],
    [104, 98, 94],
  ],
  none: [[120, 120, 120]],
};
const SKIES: readonly (readonly [Colour, Colour])[] = [
  [
    [104, 152, 214],
    [190, 212, 234],
  ],
  [
    [150, 180, 214],
    [214, 224, 232],
  ],
  [
    [206, 210, 214],
    [228, 228, 226],
  ],
  [
    [224, 226, 228],
    [238, 238, 236],
  ],
  [
    [122, 168, 220],
    [222, 226, 226],
  ],
];

/** Shift all channels together and each a little, so that no two buildings share a colour. */
function vary(colour: Colour, random: RandomStream, amount: number): Colour {
  const common = random.uniform(-amount, amount);
  const channel = (value: number) => value + common + random.uniform(-amount, amount) * 0.4;
  return [channel(colour[0]), channel(colour[1]), channel(colour[2])];
}

/** Draw a style. */
export function randomStyle(random: RandomStream): FacadeStyle {
  const wall = random.pick<WallMaterial>(['stucco', 'stucco', 'stucco', 'brick', 'brick', 'stone']);
  const base = random.chance(0.45) ? 'stone' : wall;
  const wallColour = vary(random.pick(WALLS[wall]), random, 14);
  const roof = random.pick<RoofKind>(['tiles', 'tiles', 'slate', 'none']);
  const [skyTop, skyBottom] = random.pick(SKIES);
  return {
    textureSeed: random.bits() | 0,
    light: { side: random.chance(0.5) ? 1 : -1, sun: random.chance(0.35) ? random.uniform(0, 0.25) : random.uniform(0.45, 1) },
    wall,
    wallColour,
    base,
    baseColour: base === wall ? wallColour : vary(random.pick(WALLS.stone), random, 14),
    trimColour: vary(random.pick(TRIMS), random, 10),
    frameColour: vary(random.pick(FRAMES), random, 8),
    doorColour: vary(random.pick(DOORS), random, 10),
    blindColour: vary(random.pick(BLINDS), random, 10),
    shopColour: vary(random.pick(SHOPS), random, 12),
    railColour: vary([48, 48, 50], random, 14),
    roof,
    roofColour: vary(random.pick(ROOFS[roof]), random, 10),
    neighbourColour: vary(random.pick(WALLS.stucco), random, 24),
    skyTop,
    skyBottom,
    pavement: vary([128, 124, 120], random, 18),
    panes: random.pick<WindowPanes>(['cross', 'cross', 'casement', 'sash', 'grid']),
    pediments: random.chance(0.4),
    solidBalconies: random.chance(0.35),
    awnings: random.chance(0.4),
  };
}
