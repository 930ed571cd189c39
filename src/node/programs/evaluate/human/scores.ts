import type { HumanProtocol } from './protocol.js';
import { theFirst, thereAre } from './words.js';

/** Scores: how well a made picture goes with what was given, and how near it comes to the real one, each from 0 to 10. */
export const scores: HumanProtocol = {
  name: 'scores',
  description: 'two scores from 0 to 10 of a made picture: translation, against the input, and difference, against the real one',
  title: 'How good are these pictures?',
  introduction: ({ practice, trials }) => [
    'A program was given the picture on the left, and made the one in the middle of it. What is real is on the right. ' +
      'Give two scores from 0 to 10, by touch or by keys. Take as long as you like.',
    practice > 0
      ? `${thereAre(practice + trials, 'example')}. ${theFirst(practice)} for practice, and ${practice === 1 ? 'does' : 'do'} not count.`
      : `${thereAre(trials, 'example')}.`,
  ],
  pictures: [
    { source: 'input', caption: 'Given' },
    { source: 'made', caption: 'Made' },
    { source: 'real', caption: 'Real' },
  ],
  shuffled: false,
  defaults: { practice: 0, trials: 20, exposure: 0 },
  questions: [
    {
      ...{ kind: 'scale', name: 'translation', text: 'How well does what was made follow what was given?' },
      ...{ least: 0, most: 10, low: 'not at all', high: 'in everything' },
    },
    {
      ...{ kind: 'scale', name: 'difference', text: 'How near does what was made come to what is real?' },
      ...{ least: 0, most: 10, low: 'nothing is alike', high: 'no difference to be seen' },
    },
  ],
  values: {
    translation: { label: 'translation score, of 10' },
    difference: { label: 'difference score, of 10' },
  },
  measure: ({ translation, difference }) => ({ translation: translation as number, difference: difference as number }),
};
