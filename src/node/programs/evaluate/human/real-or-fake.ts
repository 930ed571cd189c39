import type { HumanProtocol } from './protocol.js';
import { theFirst, thereAre, thoseAfter } from './words.js';

const secondsOf = (seconds: number): string => `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;

/** Real or fake: of two pictures that are seen for a moment, which did a program make? (Isola et al. 2017, section 4.1) */
export const realOrFake: HumanProtocol = {
  name: 'real-or-fake',
  description: 'a made picture beside a real one for a second: which is fake? (pix2pix)',
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
  values: { fooled: { label: 'made pictures taken for real', unit: '%', factor: 100 } },
  measure: ({ fake }) => ({ fooled: fake === 'made' ? 0 : 1 }),
  feedback: ({ fake }) =>
    fake === 'made' ? { right: true, text: 'Right: that was the fake.' } : { right: false, text: 'Wrong: that one was real.' },
};
