import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeLabelGroups,
  decodeLabelSets,
  encodeLabelGroups,
  encodeLabelSets,
  expectLabelling,
  exclusiveGroups,
  labelsAt,
  labelSetsOf,
  targetLabels,
} from '../../src/data/labels.js';
import { unpaired, selfPairs, type Labelling } from '../../src/data/unpaired.js';
import { labelledFacades } from '../../src/data/labelled-facades.js';
import { syntheticFacades } from '../../src/data/synthetic-facades.js';
import type { RgbImage } from '../../src/data/image.js';

const HAIR: Labelling = { names: ['black', 'blond', 'smiling'], exclusive: false, groups: [['black', 'blond']] };
const CLASSES: Labelling = { names: ['happy', 'sad', 'angry'], exclusive: true };

test('targets are the labels of an image with one of them changed; those of a group take the place of each other', () => {
  assert.equal(targetLabels(HAIR, [1, 0, 1]), [
    [1, 0, 1],
    [0, 1, 1],
    [1, 0, 0],
  ]);
  assert.equal(targetLabels({ ...HAIR, groups: [] }, [1, 0, 1]), [
    [0, 0, 1],
    [1, 1, 1],
    [1, 0, 0],
  ]);
  assert.equal(targetLabels(CLASSES, [0, 0, 1]), [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
});

test('labels that exclude one another are known by their places', () => {
  assert.equal(exclusiveGroups(HAIR), [[0, 1], [0, 1], [2]]);
  assert.equal(exclusiveGroups({ names: ['a', 'b'], exclusive: false }), [[0], [1]]);
  assert.equal(exclusiveGroups({ ...CLASSES, groups: [['happy', 'sad']] }), [
    [0, 1, 2],
    [0, 1, 2],
    [0, 1, 2],
  ]);
});

test('which labels exclude one another is kept as a text beside their names; what is no such text says nothing', () => {
  const names = ['a', 'b', 'c'];
  for (const sets of [labelSetsOf(CLASSES), labelSetsOf(HAIR), [...labelSetsOf(HAIR), ...labelSetsOf({ names, exclusive: true })]]) {
    assert.equal(
      decodeLabelSets(
        encodeLabelSets(sets),
        sets.flatMap((set) => set.names),
      ),
      sets,
    );
  }
  assert.is(encodeLabelSets([...labelSetsOf(HAIR), ...labelSetsOf(CLASSES)]), '3 attributes,3 classes');
  for (const text of [undefined, null, 3, '', '3', '3 cats', '2 classes', '4 classes', '3 classes,', '0 classes,3 classes', '03 classes']) {
    assert.is(decodeLabelSets(text, names), undefined, String(text));
  }
});

test('groups of attributes are kept as a text of their places; what is no such text says nothing', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const groups = [
    ['c', 'a'],
    ['e', 'd'],
  ];
  assert.is(encodeLabelGroups(names, groups), '2,0;4,3');
  assert.equal(decodeLabelGroups('2,0;4,3', names), groups);
  for (const text of [undefined, 7, '', ';', '0,', '0;;1', '0,5', '-1', 'a,b'])
    assert.is(decodeLabelGroups(text, names), undefined, String(text));
});

test('names and groups that cannot be are refused by the set', () => {
  expectLabelling(HAIR, 'faces');
  expectLabelling({ names: ['smiling'], exclusive: false }, 'faces');
  for (const wrong of [
    { names: [] },
    { names: ['a', 'a'] },
    { names: ['a', ''] },
    { names: ['a,b', 'c'] },
    { names: 'ab' as unknown as string[] },
    { exclusive: 1 as unknown as boolean },
    { groups: [['black', 'red']] },
    ...(
      [
        [[], HAIR.names],
        [['black,blond'], ['smiling']],
        [['black', 'blond'], ['smiling'], 'never'],
      ] as [string[], string[], string?][]
    ).map(([first, second, exclusive]) => ({
      groups: [],
      sets: [
        { names: first, exclusive: false },
        { names: second, exclusive: (exclusive ?? true) as boolean },
      ],
    })),
    { groups: [], sets: [null, null] as unknown as Labelling['sets'] & object },
    { groups: [['black', 'blond'], ['blond']] },
  ] satisfies Partial<Labelling>[])
    assert.throws(() => expectLabelling({ ...HAIR, ...wrong }, 'faces'), /of faces[^]*expected: [^]*fix: /, JSON.stringify(wrong));
});

test('labels of an image are a number from 0 to 1 for each name, or refused by the image and the set', () => {
  const of = (labels: unknown) => () => labelsAt({ ...HAIR, of: () => labels as number[] }, 4, 'faces');
  assert.equal(of([1, 0, 0.5])(), [1, 0, 0.5]);
  for (const wrong of [undefined, [1, 0], [1, 0, 1, 0], [1, 0, NaN], [1, -1, -1], [2, 0, 0], 'black'])
    assert.throws(of(wrong), /labels of image 4 of faces[^]*3 numbers from 0 to 1, for black, blond, smiling[^]*not -1/);
  const ofOne = (labels: number[]) => () => labelsAt({ names: ['a', 'b'], exclusive: true, of: () => labels }, 4, 'classes');
  assert.equal(ofOne([0, 1])(), [0, 1]);
  for (const wrong of [
    [0, 0],
    [1, 1],
    [0.5, 0.5],
  ])
    assert.throws(ofOne(wrong), /of which one is 1/);
});

const brightness = ({ data }: RgbImage): number => data.reduce((sum, byte) => sum + byte, 0) / data.length;

test('facades with labels: walls exclude one another, nights are dark, days are those without labels', async () => {
  const set = labelledFacades({ count: 40, size: 32, seed: 1, split: 'train' });
  const { labels } = set;
  assert.equal(labels.names, ['brick', 'stone', 'plaster', 'night']);
  expectLabelling(labels, set.name);
  const days = unpaired(syntheticFacades({ count: 40, size: 32, seed: 1, split: 'train' })).a;
  const counts = [0, 0, 0, 0];
  for (let index = 0; index < set.length; index++) {
    const own = labelsAt(labels, index, set.name);
    own.forEach((label, at) => (counts[at]! += label));
    assert.is(own[0]! + own[1]! + own[2]!, 1);
    const [{ image }, { image: day }] = [await set.get(index), await days.get(index)];
    if (own[3] === 0) assert.equal(image, day);
    else assert.ok(brightness(image) < 0.6 * brightness(day), `facade ${index}`);
  }
  assert.ok(
    counts.every((count) => count >= 4 && count <= 30),
    String(counts),
  );
  // Bricks are red: of every three bytes the first is the largest.
  const red = (brick: number): number => {
    const found = Array.from({ length: 40 }, (_, index) => index).filter((at) => labels.of(at)[0] === brick && labels.of(at)[3] === 0);
    const each = found.map((at) => (set.get(at) as { image: RgbImage }).image.data);
    return (
      each.reduce((sum, data) => sum + data.reduce((more, byte, at) => more + (at % 3 === 0 ? byte : at % 3 === 2 ? -byte : 0), 0), 0) /
      found.length
    );
  };
  assert.ok(red(1) > 1.4 * red(0), `${red(1)} ${red(0)}`);
});

test('facades with labels are the same each time, and others by seed and split', async () => {
  const draw = async (seed: number, split: 'train' | 'val') => {
    const set = labelledFacades({ count: 4, size: 32, seed, split });
    return Promise.all([0, 1, 2, 3].map(async (index) => JSON.stringify([[...(await set.get(index)).image.data], set.labels.of(index)])));
  };
  const first = await draw(1, 'train');
  assert.equal(await draw(1, 'train'), first);
  assert.is(new Set([...first, ...(await draw(2, 'train')), ...(await draw(1, 'val'))]).size, 12);
  assert.throws(() => labelledFacades({ count: 4, size: 16, seed: 1, split: 'val' }), /options of labelled facades/);
});

test('samples to measure on have the labels of their set', async () => {
  const set = labelledFacades({ count: 2, size: 32, seed: 1, split: 'val' });
  const pairs = selfPairs(set);
  assert.equal((await pairs.get(1)).labels, set.labels.of(1));
  assert.throws(() => labelsAt({ ...set.labels, of: () => [1] }, 1, set.name), /labels of image 1/);
});

test.run();
