import { inWords, spreadOf, type Diagnosis, type RunSoFar } from './diagnosis.js';

/** Pictures that are compared, at least: two may be alike. */
const PICTURES = 3;
/** Measurements in a row. */
const TIMES = 2;
/** Before this step networks have not had the time to tell their inputs apart. */
const STEPS = 1000;
/**
 * Part of what the targets differ by. On facades at 64 pixels healthy runs are at 0.4 after 800 steps and above later; one whose generator
 * makes a pattern whatever it is given falls to 0.14.
 */
const PART = 0.15;
/** Where there is nothing to compare with. */
const ALONE = 0.02;

/** Whatever the networks are given, they make the same picture of it. */
export const outputCollapsed: Diagnosis<RunSoFar> = {
  name: 'output-collapsed',
  title: 'the output has collapsed: it is about the same picture for every input',
  find({ snapshots, expected }) {
    const last = snapshots.slice(-TIMES);
    if (last.length < TIMES || last[0]!.step < STEPS || last.some(({ outputs }) => outputs.length < PICTURES)) return undefined;
    const bar = expected.length >= PICTURES ? spreadOf(expected) * PART : ALONE;
    const columns = last[0]!.outputs[0]!.length;
    for (let column = 0; column < columns; column++) {
      const spreads = last.map(({ outputs }) => spreadOf(outputs.flatMap((pictures) => pictures.slice(column, column + 1))));
      if (!spreads.every((spread) => spread < bar)) continue;
      const than = expected.length >= PICTURES ? `, where the pictures they should be differ by ${inWords(bar / PART)}` : '';
      return `outputs of different inputs differ by ${inWords(spreads[spreads.length - 1]!)} (L1 of 2)${than}`;
    }
    return undefined;
  },
  tries: ({ lowerRate, settings: { ganMode, norm, z } }) =>
    [
      `a lower learning rate (--lr ${lowerRate})`,
      ganMode === 'vanilla' && 'least squares (--gan-mode lsgan)',
      norm === 'batch' && 'instance norm (--norm instance)',
      typeof z === 'number' && z > 1 && `fewer random numbers beside the input (--z ${z >> 1})`,
      'the other half as the input, if the run translates the wrong way (--direction)',
    ].filter((text): text is string => text !== false),
};
