/** The deterministic formula against Python's, and the golden comparisons against arrays made wrong on purpose. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import golden from '../goldens/deterministic.json';
import gradients from '../goldens/pix2pix_gradients.json';
import stateDict from '../goldens/state_dict.json';
import { elementCount, generate, hashName, parameterValues, pcg, values } from '../harness/deterministic.js';
import { assertClose, assertCloseInNorm, assertMatchesSummary, float32, relativeDifference } from '../harness/golden.js';
import type { ArraySummary } from '../harness/golden.js';

test('names hash as in Python, also beyond ASCII', () => {
  for (const { name, hash } of golden.hashes) assert.is(hashName(name), hash, JSON.stringify(name));
});

test("the integer permutation equals Python's over the whole uint32 range", () => {
  for (const { input, output } of golden.permutations) assert.is(pcg(input), output, String(input));
});

test("generated arrays equal Python's to the bit", () => {
  for (const { inputs, expected } of golden.arrays) {
    const actual = generate(inputs);
    const stored = float32(expected);
    assert.equal(expected.shape, inputs.shape);
    assert.is(actual.length, stored.length);
    for (let i = 0; i < stored.length; i++) assert.ok(Object.is(actual[i], stored[i]), `${inputs.name}[${i}]`);
  }
});

test('values fill [-1, 1) evenly and names do not repeat each other', () => {
  const a = values('one', 20000);
  const b = values('two', 20000);
  let mean = 0;
  let square = 0;
  let correlation = 0;
  for (let i = 0; i < a.length; i++) {
    assert.ok(a[i]! >= -1 && a[i]! < 1);
    mean += a[i]! / a.length;
    square += a[i]! ** 2 / a.length;
    correlation += (3 * a[i]! * b[i]!) / a.length;
  }
  assert.ok(Math.abs(mean) < 0.02, `mean ${mean}`);
  assert.ok(Math.abs(square - 1 / 3) < 0.01, `mean square ${square}`);
  assert.ok(Math.abs(correlation) < 0.03, `correlation ${correlation}`);
});

test('parameters of the whole-model goldens follow from their names', () => {
  const norm = golden.arrays.find(({ inputs }) => inputs.name === 'G.model.model.1.model.2.weight')!;
  assert.equal(parameterValues('G', 'model.model.1.model.2.weight', [8]), float32(norm.expected));
  assert.equal(parameterValues('D', 'model.0.weight', [8, 6, 4, 4]), values('D.model.0.weight', 768, 0.05));
  assert.equal(parameterValues('D', 'model.0.bias', [8]), values('D.model.0.bias', 8, 0.02));
});

test('the listed state dicts add up to the known parameter counts', () => {
  const count = (parameters: (string | number[])[][]): number =>
    parameters.reduce((total, [, shape]) => total + elementCount(shape as number[]), 0);
  const generator = stateDict.generators.find(({ size }) => size === 256)!;
  assert.is(count(generator.parameters), 54_413_955);
  assert.is(count(stateDict.discriminator.parameters), 2_768_705);
});

test('assertClose accepts what is within either tolerance', () => {
  assertClose([1, 100, Infinity], [1.001, 100.5, Infinity], { absolute: 0.002, relative: 0.005, label: 'near' });
  assertClose([], [], { label: 'empty' });
});

test('assertClose names the worst element', () => {
  assert.throws(
    () => assertClose([1, 2.5, 3.1], [1, 2, 3], { absolute: 0.01, label: 'output' }),
    /output: 2 of 3 elements differ; worst at \[1\]: actual 2\.5, expected 2, difference 0\.5/,
  );
});

test('NaN, infinities and missing elements never pass', () => {
  const loose = { absolute: 1e30, relative: 1e30, label: 'x' };
  assert.throws(() => assertClose([1, NaN], [1, 2], loose), /worst at \[1\]: actual NaN/);
  assert.throws(() => assertClose([1, 2], [NaN, 2], loose), /expected NaN/);
  assert.throws(() => assertClose([Infinity], [1], loose), /actual Infinity/);
  assert.throws(() => assertClose([1], [1, 2], loose), /1 elements, expected 2/);
  assert.throws(() => assertCloseInNorm([NaN], [1], { relative: 1e30, label: 'x' }), /differs by NaN/);
  assert.throws(() => assertCloseInNorm([1], [0], { relative: 1e30, label: 'x' }), /differs by Infinity/);
  assert.throws(() => assertCloseInNorm([1], [1, 1], { relative: 1e30, label: 'x' }), /1 elements/);
});

test('a stored array whose bytes do not fill its shape is refused', () => {
  assert.throws(() => float32({ shape: [2], float32: btoa('1234') }), /holds 4 bytes, not 8/);
});

test('relative difference is that of the whole vector', () => {
  assert.is(relativeDifference([3, 4], [0, 5]), Math.sqrt(10) / 5);
  assert.is(relativeDifference([0, 0], [0, 0]), 0);
});

/** A summary made here as Python makes it, of an array large enough to be sampled. */
function summarise(array: Float32Array, name: string): ArraySummary {
  const direction = values(`projection/${name}`, array.length);
  const samples = Float32Array.from({ length: 128 }, (_, i) => array[(i * 7919) % array.length]!);
  const bytes = String.fromCharCode(...new Uint8Array(samples.buffer));
  return {
    name,
    shape: [array.length],
    sampleStride: 7919,
    samples: { shape: [128], float32: btoa(bytes) },
    sum: array.reduce((total, x) => total + x, 0),
    l1: array.reduce((total, x) => total + Math.abs(x), 0),
    l2: Math.sqrt(array.reduce((total, x) => total + x * x, 0)),
    projection: array.reduce((total, x, i) => total + x * direction[i]!, 0),
  };
}

test('a summary accepts rounding and rejects one wrong channel, a swap and NaN', () => {
  const array = values('summary', 4096);
  const summary = summarise(array, 'summary');
  assertMatchesSummary(
    array.map((x, i) => x * (1 + (i % 2 ? 1e-5 : -1e-5))),
    summary,
    { relative: 1e-4 },
  );
  const dropped = array.map((x, i) => (i % 64 === 5 ? 0 : x));
  assert.throws(() => assertMatchesSummary(dropped, summary, { relative: 1e-3 }));
  const swapped = array.slice().reverse();
  assert.throws(() => assertMatchesSummary(swapped, summary, { relative: 1e-3 }));
  const oneBad = array.slice();
  oneBad[1] = NaN;
  assert.throws(() => assertMatchesSummary(oneBad, summary, { relative: 1e-3 }), /NaN/);
  assert.throws(() => assertMatchesSummary(array.slice(1), summary, { relative: 1e-3 }), /4095 elements, expected 4096/);
});

test('stored summaries of gradients are consistent with their own samples', () => {
  for (const summary of [...gradients.discriminator, ...gradients.generator]) {
    if (summary.sampleStride !== 1) continue;
    assertMatchesSummary(float32(summary.samples), summary, { relative: 1e-6 });
  }
});

test.run();
