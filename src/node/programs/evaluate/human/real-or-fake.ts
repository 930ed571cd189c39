import type { HumanProtocol } from './protocol.js';
import { secondsOf, theFirst, thereAre, thoseAfter } from './words.js';

/**
 * Real or fake: of a made picture and the real one beside it, seen for a moment, which did a program make? A two-alternative forced choice
 * (Isola et al. 2017, section 4.1).
 */
export const realOrFake: HumanProtocol = {
  name: 'real-or-fake',
  description: 'a made picture beside the real one of the same example, for a second: which is fake? (pix2pix)',
  title: 'Which picture is fake?',
  introduction: ({ practice, trials, exposure }) => [
    `You will see two pictures side by side${exposure > 0 ? ` for ${secondsOf(exposure)}; then they are covered` : ''}. ` +
      'One of them is real, the other one was made by a program. Say which is the fake, by a key or by touch. Take as long as you like.',
    practice > 0
      ? `${theFirst(practice)} for practice: you are told whether you were right. ${thoseAfter(practice, trials)}, and you are not told.`
      : `${thereAre(trials, 'such pair')}, and you are not told whether you were right.`,
  ],
  pictures: [{ source: 'made' }, { source: 'real' }],
  shuffled: true,
  defaults: { practice: 10, trials: 40, exposure: 1 },
  questions: [{ kind: 'picture', name: 'fake', text: 'Which one was fake?' }],
  values: { fooled: { label: 'made pictures taken for real', unit: '%', factor: 100, chance: 0.5 } },
  measure: ({ fake }) => ({ fooled: fake === 'made' ? 0 : 1 }),
  feedback: ({ fake }) =>
    fake === 'made' ? { right: true, text: 'Right: that was the fake.' } : { right: false, text: 'Wrong: that one was real.' },
};
