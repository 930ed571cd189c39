// first driver only: it runs no kernels. What people are shown in evaluate --human, and what their answers come to.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planTrials, type StudyPlan } from '../../../src/node/programs/evaluate/human/plan.js';
import { forcedChoice } from '../../../src/node/programs/evaluate/human/forced-choice.js';
import type { HumanProtocol } from '../../../src/node/programs/evaluate/human/protocol.js';
import { realOrFake } from '../../../src/node/programs/evaluate/human/real-or-fake.js';
import { HUMAN_PROTOCOLS } from '../../../src/node/programs/evaluate/human/registry.js';
import { binomialTest, scoreSessions } from '../../../src/node/programs/evaluate/human/score.js';
import { scores } from '../../../src/node/programs/evaluate/human/scores.js';
import { Sessions, type SessionEvent } from '../../../src/node/programs/evaluate/human/sessions.js';

const NAMES = Array.from({ length: 60 }, (_, at) => `p${at}`);
const PLAN: StudyPlan = { practice: 10, trials: 40, unpaired: false, seed: 3, made: NAMES, real: NAMES };

const close = (got: number, wanted: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got} instead of ${wanted}`);

test('the rows of the table have names of their own, and say what they are', () => {
  const names = HUMAN_PROTOCOLS.map(({ name }) => name);
  assert.equal(names, ['real-or-fake', 'forced-choice', 'scores']);
  for (const { description, questions, values, introduction, defaults } of HUMAN_PROTOCOLS) {
    assert.ok(description.length > 20 && questions.length > 0 && Object.keys(values).length > 0);
    assert.ok(introduction(defaults).length > 0);
  }
  assert.equal(realOrFake.defaults, { practice: 10, trials: 40, exposure: 1 }, 'as in the paper');
});

test('what people read counts in words: of one, too', () => {
  const told = ({ introduction, defaults }: HumanProtocol, practice: number, trials: number): string =>
    introduction({ ...defaults, practice, trials }).join(' ');
  assert.match(told(realOrFake, 1, 1), 'The first is for practice: you are told whether you were right. The one after it counts,');
  assert.match(told(realOrFake, 10, 40), 'The first 10 are for practice: you are told whether you were right. The 40 after them count,');
  assert.match(told(realOrFake, 1, 2), 'The 2 after it count,');
  assert.match(told(realOrFake, 0, 1), 'There is 1 such pair,');
  assert.match(told(scores, 1, 1), 'There are 2 examples. The first is for practice, and does not count.');
  assert.match(told(scores, 0, 1), 'There is 1 example.');
});

test('a line that this program does not write is no answer', () => {
  const sessions = new Sessions();
  sessions.apply({ event: 'joined', participant: 1, key: 'k', at: '' });
  const answered = {
    ...{ event: 'answered', participant: 1, trial: 0, practice: false, made: 'x', real: 'x', places: ['made', 'real'] },
    ...{ answer: { fake: 'made' }, exposed: 1000, thought: 500, at: '' },
  };
  assert.ok(sessions.fits(answered as SessionEvent));
  assert.ok(sessions.fits({ event: 'shown', participant: 1, trial: 0, at: '' }));
  for (const wrong of [{ event: 'skipped' }, { answer: undefined }, { answer: null }, { practice: 1 }, { made: 7 }, { thought: null }])
    assert.not(sessions.fits({ ...answered, ...wrong } as never), JSON.stringify(wrong));
});

test('everybody sees other pictures in another order, on sides of their own, none twice, and the same ones after a restart', () => {
  const first = planTrials(realOrFake, PLAN, 1);
  assert.equal(first, planTrials(realOrFake, PLAN, 1));
  assert.is(first.filter(({ practice }) => practice).length, 10);
  assert.ok(first.every(({ practice }, at) => practice === at < 10));
  assert.is(new Set(first.map(({ made }) => made)).size, 50);
  assert.ok(first.every(({ made, real }) => made === real));
  for (const other of [planTrials(realOrFake, PLAN, 2), planTrials(realOrFake, { ...PLAN, seed: 4 }, 1)]) {
    assert.not.equal(
      first.map(({ made }) => made),
      other.map(({ made }) => made),
    );
    assert.not.equal(
      first.map(({ places }) => places),
      other.map(({ places }) => places),
    );
  }
  const all = Array.from({ length: 40 }, (_, at) => planTrials(realOrFake, PLAN, at + 1)).flat();
  const left = all.filter(({ places }) => places[0] === 'made').length / all.length;
  assert.ok(left > 0.47 && left < 0.53, `${left} on the left`);
  for (const { places } of all) assert.equal([...places].sort(), ['made', 'real']);
  for (const { places } of planTrials(scores, PLAN, 1)) assert.equal(places, ['input', 'made', 'real']);
});

test('unpaired: never the real picture of the same name, none of them twice', () => {
  for (const real of [NAMES, [...NAMES].reverse(), NAMES.map((name) => `q${name}`), NAMES.slice(0, 50)]) {
    for (let participant = 1; participant <= 30; participant++) {
      const trials = planTrials(realOrFake, { ...PLAN, unpaired: true, real }, participant);
      for (const each of trials) assert.is.not(NAMES[each.made], real[each.real]);
      assert.is(new Set(trials.map((each) => each.real)).size, 50);
    }
  }
  const two = { ...PLAN, practice: 0, trials: 2, unpaired: true, made: ['a', 'b'], real: ['a', 'b'] };
  for (let participant = 1; participant < 9; participant++)
    for (const { made, real } of planTrials(realOrFake, two, participant)) assert.is(real, 1 - made);
});

/** Events of participants by what they took for the fake in each trial: m for the made one, r for the real one. */
function sessionsOf(practice: number, ...answers: readonly string[]): Sessions {
  const sessions = new Sessions();
  const take = (event: SessionEvent): void => {
    assert.ok(sessions.fits(event));
    sessions.apply(event);
  };
  for (const [at, text] of answers.entries()) {
    take({ event: 'joined', participant: at + 1, key: `key${at}`, at: '' });
    for (const [trial, letter] of [...text].entries()) {
      const fake = letter === 'm' ? 'made' : 'real';
      take({
        ...{ event: 'answered', participant: at + 1, trial, practice: trial < practice, made: 'x', real: 'x' },
        ...{ places: ['made', 'real'], answer: { fake }, exposed: 1000, thought: 500, at: '' },
      });
    }
  }
  return sessions;
}

test('how often the fake was taken for real, by hand; practice and unfinished sessions do not count', () => {
  const { all } = sessionsOf(2, 'rrrmmr', 'mrmmmr', 'mmrr', 'm');
  const how = { practice: 2, trials: 4, incomplete: false, seed: 0 };
  const score = scoreSessions(realOrFake, all, how);
  assert.equal([score.joined, score.finished, score.counted], [4, 2, 2]);
  assert.equal(score.incomplete, [
    { participant: 3, answered: 2 },
    { participant: 4, answered: 0 },
  ]);
  const [fooled] = score.values;
  assert.is(fooled!.name, 'fooled');
  // 2 of 4, and 1 of 4.
  assert.is(fooled!.trials.count, 8);
  close(fooled!.trials.mean, 37.5);
  close(fooled!.trials.deviation, 100 * Math.sqrt((3 * 0.625 ** 2 + 5 * 0.375 ** 2) / 7));
  assert.is(fooled!.participants.count, 2);
  close(fooled!.participants.mean, 37.5);
  close(fooled!.participants.deviation, 12.5 * Math.SQRT2);
  const counted = scoreSessions(realOrFake, all, { ...how, incomplete: true });
  assert.is(counted.counted, 3);
  close(counted.values[0]!.trials.mean, 50);
  close(counted.values[0]!.participants.mean, (50 + 25 + 100) / 3);
  const none = scoreSessions(realOrFake, [], how);
  assert.ok(Number.isNaN(none.values[0]!.trials.mean));
});

test('forced choice: what was given keeps its place before the two, and the made one is taken for real as often as it is chosen', () => {
  const trials = Array.from({ length: 20 }, (_, at) => planTrials(forcedChoice, PLAN, at + 1)).flat();
  for (const { places } of trials) {
    assert.is(places[0], 'input');
    assert.equal([...places].sort(), ['input', 'made', 'real']);
  }
  const first = trials.filter(({ places }) => places[1] === 'made').length / trials.length;
  assert.ok(first > 0.46 && first < 0.54, `${first} made ones come first`);
  assert.equal(
    [{ real: 'made' }, { real: 'real' }].map((answer) => forcedChoice.measure(answer as never).fooled),
    [1, 0],
  );
  assert.equal(
    [{ real: 'made' }, { real: 'real' }].map((answer) => forcedChoice.feedback!(answer as never).right),
    [false, true],
  );
});

test('how likely a share is by guessing, by hand: exact and two-sided', () => {
  // Of 4 coins: 1, 4, 6, 4, 1 of 16 ways.
  for (const [count, wanted] of [1 / 8, 5 / 8, 1, 5 / 8, 1 / 8].entries()) close(binomialTest(count, 4, 0.5), wanted);
  // By whole numbers (math.comb in Python).
  close(binomialTest(18, 100, 0.5) / 6.147806615e-11, 1, 1e-8);
  close(binomialTest(3, 10, 0.2), 0.429574656, 1e-9);
  assert.ok(Number.isNaN(binomialTest(0, 0, 0.5)));
  assert.is(binomialTest(3000, 6000, 0.5), 1);
  const { all } = sessionsOf(0, 'rrrm', 'mmmm');
  const [fooled] = scoreSessions(realOrFake, all, { practice: 0, trials: 4, incomplete: false, seed: 0 }).values;
  // 3 of 8: 2 (1 + 8 + 28 + 56) / 256.
  close(fooled!.byChance!, 186 / 256);
});

test('the intervals are those of a plain bootstrap', () => {
  const letter = (participant: number, trial: number): string => ((participant * 7 + trial * 3) % 11 < participant / 2 ? 'r' : 'm');
  const answers = Array.from({ length: 12 }, (_, at) => Array.from({ length: 10 }, (__, trial) => letter(at, trial)).join(''));
  const score = scoreSessions(realOrFake, sessionsOf(0, ...answers).all, { practice: 0, trials: 10, incomplete: false, seed: 5 });
  const trials = answers.flatMap((text) => [...text].map((each) => (each === 'r' ? 100 : 0)));
  const means = answers.map((text) => [...text].filter((each) => each === 'r').length * 10);
  let state = 12345;
  const draw = (below: number): number => {
    state = (state * 16807) % 2147483647;
    return state % below;
  };
  const plain = (values: readonly number[]): [number, number] => {
    const drawn = Array.from({ length: 4000 }, () => values.reduce((sum) => sum + values[draw(values.length)]!, 0) / values.length);
    drawn.sort((a, b) => a - b);
    return [drawn[100]!, drawn[3900]!];
  };
  for (const [over, values] of [
    ['trials', trials],
    ['participants', means],
  ] as const) {
    const { interval } = score.values[0]![over];
    const wanted = plain(values);
    for (const end of [0, 1] as const) close(interval[end], wanted[end], 1.5);
  }
  const of = (seed: number): unknown =>
    scoreSessions(realOrFake, sessionsOf(0, ...answers).all, { practice: 0, trials: 10, incomplete: false, seed }).values;
  assert.equal(of(5), of(5));
  assert.not.equal(of(5), of(6));
});

test('events that do not follow on each other are told', () => {
  const sessions = sessionsOf(0, 'mr');
  const [answered] = sessions.all[0]!.answers;
  const { shown: _, ...event } = answered!;
  assert.not.ok(sessions.fits(event), 'a trial that was answered');
  assert.not.ok(sessions.fits({ ...event, trial: 3 }), 'a trial too far');
  assert.not.ok(sessions.fits({ ...event, trial: 2, participant: 2 }), 'nobody');
  assert.ok(sessions.fits({ ...event, trial: 2 }));
  assert.not.ok(sessions.fits({ event: 'joined', participant: 2, key: 'key0', at: '' }), 'a key of another');
  assert.not.ok(sessions.fits({ event: 'joined', participant: 3, key: 'key9', at: '' }), 'a number left out');
});

test('a third protocol is a row: plan and score need nothing else', () => {
  const sharpest: HumanProtocol = {
    ...{ name: 'sharper', description: 'which of two is sharper', title: 'Sharper?', introduction: () => ['Which one?'], shuffled: true },
    pictures: [{ source: 'made' }, { source: 'real' }],
    defaults: { practice: 0, trials: 3, exposure: 0 },
    questions: [
      { kind: 'picture', name: 'sharper', text: 'Which one is sharper?' },
      { kind: 'scale', name: 'sure', text: 'How sure are you?', least: 1, most: 5, low: 'not', high: 'very' },
    ],
    values: { sharper: { label: 'sharper than real' }, sure: { label: 'sure' } },
    measure: ({ sharper, sure }) => ({ sharper: Number(sharper === 'made'), sure: sure as number }),
  };
  assert.is(planTrials(sharpest, { ...PLAN, practice: 0, trials: 3 }, 1).length, 3);
  const sessions = new Sessions();
  sessions.apply({ event: 'joined', participant: 1, key: 'a', at: '' });
  for (const [trial, answer] of [
    { sharper: 'made' as const, sure: 2 },
    { sharper: 'real' as const, sure: 5 },
  ].entries())
    sessions.apply({
      ...{ event: 'answered', participant: 1, trial, practice: false, made: 'x', real: 'y', places: ['made', 'real'], answer },
      ...{ exposed: 0, thought: 0, at: '' },
    });
  const { values } = scoreSessions(sharpest, sessions.all, { practice: 0, trials: 2, incomplete: false, seed: 0 });
  assert.equal(
    values.map(({ name, trials }) => [name, trials.mean]),
    [
      ['sharper', 0.5],
      ['sure', 3.5],
    ],
  );
});

test.run();
