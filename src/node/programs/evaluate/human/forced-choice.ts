import type { HumanProtocol } from './protocol.js';
import { secondsOf, theFirst, thereAre, thoseAfter } from './words.js';

/** Forced choice: of two pictures for what was given, as long as one likes, which is the real one? (2AFC, with the input beside them) */
export const forcedChoice: HumanProtocol = {
  name: 'forced-choice',
  description: 'what was given, and for it a made picture beside the real one: which is real?',
  title: 'Which picture is real?',
  introduction: ({ practice, trials, exposure }) => [
    'A program was given the first picture, and made another one for it. You will see it, and beside it two pictures, A and B' +
      `${exposure > 0 ? `, for ${secondsOf(exposure)}; then they are covered` : ''}. One of the two is what the program made, the other ` +
      'one is real. Say which is the real one, by a key or by touch. Take as long as you like.',
    practice > 0
      ? `${theFirst(practice)} for practice: you are told whether you were right. ${thoseAfter(practice, trials)}, and you are not told.`
      : `${thereAre(trials, 'such pair')}, and you are not told whether you were right.`,
  ],
  pictures: [{ source: 'input', caption: 'Given', fixed: true }, { source: 'made' }, { source: 'real' }],
  shuffled: true,
  defaults: { practice: 5, trials: 20, exposure: 0 },
  questions: [{ kind: 'picture', name: 'real', text: 'Which one is real?' }],
  values: { fooled: { label: 'made pictures taken for real', unit: '%', factor: 100, chance: 0.5 } },
  measure: ({ real }) => ({ fooled: real === 'made' ? 1 : 0 }),
  feedback: ({ real }) =>
    real === 'real' ? { right: true, text: 'Right: that one is real.' } : { right: false, text: 'Wrong: that was made by the program.' },
};
