import type { RandomStream } from '../../random.js';
import { inset, part, type Rect } from './canvas.js';
import type { FacadeClass } from './classes.js';

export interface FacadeElement {
  kind: Exclude<FacadeClass, 'background' | 'facade'>;
  rect: Rect;
  /** Names the element's own random draws (a curtain, the goods in a shop). */
  variant: number;
}

/** What the label map says: where the building stands and what is on it, in drawing order. */
export interface FacadeLayout {
  building: Rect;
  /** Where the ground floor begins. */
  baseTop: number;
  elements: FacadeElement[];
}

type Bay = { x0: number; x1: number; paired: boolean; balcony: boolean };

/** Decisions that hold for a whole building, so that its floors look alike. */
interface Grammar {
  windowWidth: number;
  windowHeight: number;
  cornices: boolean;
  sills: boolean;
  shutters: boolean;
  blinds: number;
  decos: boolean;
  pillars: 'none' | 'edges' | 'bays';
  bands: boolean;
  shops: boolean;
}

function randomGrammar(random: RandomStream): Grammar {
  return {
    windowWidth: random.uniform(0.4, 0.62),
    windowHeight: random.uniform(0.5, 0.66),
    cornices: random.chance(0.55),
    sills: random.chance(0.75),
    shutters: random.chance(0.2),
    blinds: random.pick([0, 0, 0.15, 0.4]),
    decos: random.chance(0.3),
    pillars: random.pick(['none', 'none', 'edges', 'bays']),
    bands: random.chance(0.5),
    shops: random.chance(0.5),
  };
}

/** Bays from left to right, the right half mirroring the left one as most facades do. */
function randomBays(random: RandomStream, building: Rect, floorHeight: number): Bay[] {
  const margin = random.uniform(0.015, 0.05);
  const left = building.x0 + margin;
  const width = building.x1 - margin - left;
  // A bay is somewhat narrower than a floor is high, so that windows stand rather than lie.
  const count = Math.max(2, Math.min(7, Math.round(width / (floorHeight * random.uniform(0.62, 1.05)))));
  const kinds = Array.from({ length: Math.ceil(count / 2) }, () => ({
    weight: random.chance(0.25) ? random.uniform(1.25, 1.6) : 1,
    paired: random.chance(0.2),
    balcony: random.chance(0.25),
  }));
  const bays = Array.from({ length: count }, (_, i) => kinds[Math.min(i, count - 1 - i)]!);
  const total = bays.reduce((sum, bay) => sum + bay.weight, 0);
  let x = left;
  return bays.map(({ weight, paired, balcony }) => {
    const x0 = x;
    x += (width * weight) / total;
    return { x0, x1: x, paired: paired && weight > 1, balcony };
  });
}

/** Draw the layout of one facade. */
export function randomLayout(random: RandomStream): FacadeLayout {
  const building: Rect = {
    x0: random.chance(0.45) ? 0 : random.uniform(0.03, 0.16),
    x1: random.chance(0.45) ? 1 : random.uniform(0.84, 0.97),
    y0: random.chance(0.2) ? 0 : random.uniform(0.05, 0.22),
    y1: random.uniform(0.92, 0.985),
  };
  const grammar = randomGrammar(random);
  const floors = random.pick([2, 3, 3, 4, 4, 5]);
  const top = building.y0 + random.uniform(0.03, 0.06);
  const groundShare = random.uniform(1.1, 1.45);
  const floorHeight = (building.y1 - top) / (floors + groundShare);
  const bays = randomBays(random, building, floorHeight);
  const baseTop = building.y1 - floorHeight * groundShare;
  const elements: FacadeElement[] = [];
  const add = (kind: FacadeElement['kind'], rect: Rect) => elements.push({ kind, rect, variant: random.bits() });

  add('molding', { x0: building.x0, x1: building.x1, y0: building.y0, y1: top - 0.005 });
  for (let floor = 0; floor < floors; floor++) {
    const y0 = top + floor * floorHeight;
    if (floor > 0 && grammar.bands && (floor === 1 || random.chance(0.5))) {
      add('molding', { x0: building.x0, x1: building.x1, y0: y0 - 0.011, y1: y0 + 0.009 });
    }
    addFloor(add, random, grammar, bays, { x0: building.x0, x1: building.x1, y0, y1: y0 + floorHeight }, floor > 0);
  }
  addPillars(add, grammar, bays, building, top, baseTop);
  if (random.chance(0.75)) add('molding', { x0: building.x0, x1: building.x1, y0: baseTop - 0.014, y1: baseTop + 0.014 });
  addGroundFloor(add, random, grammar, bays, { ...building, y0: baseTop });
  return { building, baseTop, elements };
}

type Add = (kind: FacadeElement['kind'], rect: Rect) => void;

function addPillars(add: Add, grammar: Grammar, bays: Bay[], building: Rect, top: number, baseTop: number): void {
  if (grammar.pillars === 'none') return;
  const width = 0.022;
  const edges = [bays[0]!.x0, ...bays.map((bay) => bay.x1)];
  const chosen = grammar.pillars === 'edges' ? [edges[0], edges[edges.length - 1]] : edges;
  for (const x of chosen) {
    const x0 = Math.min(Math.max(x! - width / 2, building.x0), building.x1 - width);
    add('pillar', { x0, x1: x0 + width, y0: top, y1: baseTop - 0.014 });
  }
}

function addFloor(add: Add, random: RandomStream, grammar: Grammar, bays: Bay[], floor: Rect, mayHaveBalconies: boolean): void {
  const height = floor.y1 - floor.y0;
  const roomAbove = 1 - grammar.windowHeight;
  const balconies = mayHaveBalconies && random.chance(0.6);
  const longBalcony = mayHaveBalconies && random.chance(0.08);
  for (const bay of bays) {
    const width = (bay.x1 - bay.x0) * grammar.windowWidth * (bay.paired ? 1.25 : 1);
    const centre = (bay.x0 + bay.x1) / 2;
    const opening: Rect = {
      x0: centre - width / 2,
      x1: centre + width / 2,
      y0: floor.y0 + height * roomAbove * 0.58,
      y1: floor.y0 + height * (roomAbove * 0.58 + grammar.windowHeight),
    };
    addOpening(add, random, grammar, opening, bay.paired);
    if (grammar.cornices) {
      const y1 = opening.y0 - 0.008;
      add('cornice', { x0: opening.x0 - width * 0.14, x1: opening.x1 + width * 0.14, y0: y1 - Math.min(0.036, height * 0.16), y1 });
    } else if (grammar.decos) {
      add('deco', { x0: centre - width * 0.3, x1: centre + width * 0.3, y0: opening.y0 - 0.036, y1: opening.y0 - 0.01 });
    }
    if (bay.balcony && balconies && !longBalcony) {
      add('balcony', {
        x0: opening.x0 - width * 0.24,
        x1: opening.x1 + width * 0.24,
        y0: opening.y1 - height * 0.2,
        y1: opening.y1 + 0.014,
      });
    } else if (grammar.sills) {
      add('sill', { x0: opening.x0 - width * 0.1, x1: opening.x1 + width * 0.1, y0: opening.y1, y1: opening.y1 + 0.017 });
    }
  }
  if (longBalcony) {
    const y1 = floor.y0 + height * (roomAbove * 0.58 + grammar.windowHeight);
    add('balcony', { x0: bays[0]!.x0, x1: bays[bays.length - 1]!.x1, y0: y1 - height * 0.2, y1: y1 + 0.014 });
  }
}

function addOpening(add: Add, random: RandomStream, grammar: Grammar, opening: Rect, paired: boolean): void {
  const windows = paired ? [part(opening, 0, 0, 0.46, 1), part(opening, 0.54, 0, 1, 1)] : [opening];
  for (const window of windows) {
    add('window', window);
    if (random.chance(grammar.blinds)) add('blind', part(window, 0, 0, 1, random.uniform(0.25, 0.85)));
  }
  if (grammar.shutters && !paired) {
    const width = (opening.x1 - opening.x0) * 0.36;
    add('blind', { ...opening, x0: opening.x0 - width, x1: opening.x0 - 0.003 });
    add('blind', { ...opening, x0: opening.x1 + 0.003, x1: opening.x1 + width });
  }
}

function addGroundFloor(add: Add, random: RandomStream, grammar: Grammar, bays: Bay[], ground: Rect): void {
  const height = ground.y1 - ground.y0;
  const doorBay = random.integer(0, bays.length - 1);
  bays.forEach((bay, index) => {
    const width = bay.x1 - bay.x0;
    const centre = (bay.x0 + bay.x1) / 2;
    if (index === doorBay) {
      const half = Math.min(0.07, width * 0.32);
      const door: Rect = { x0: centre - half, x1: centre + half, y0: ground.y0 + height * 0.24, y1: ground.y1 };
      add('door', door);
      if (grammar.decos || random.chance(0.3)) {
        add('deco', { x0: door.x0 - 0.012, x1: door.x1 + 0.012, y0: door.y0 - height * 0.13, y1: door.y0 - 0.006 });
      }
    } else if (grammar.shops) {
      add('shop', { x0: bay.x0 + width * 0.07, x1: bay.x1 - width * 0.07, y0: ground.y0 + height * 0.17, y1: ground.y1 - 0.012 });
    } else {
      const half = (width * grammar.windowWidth) / 2;
      const window: Rect = { x0: centre - half, x1: centre + half, y0: ground.y0 + height * 0.26, y1: ground.y0 + height * 0.72 };
      add('window', window);
      if (grammar.sills) add('sill', { ...inset(window, -width * 0.04, 0), y0: window.y1, y1: window.y1 + 0.017 });
    }
  });
}
