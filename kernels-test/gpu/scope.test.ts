import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { specialise } from '../../src/kernels/kernel.js';
import { UNet } from '../../src/models/unet.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { Translator } from '../../src/training/translator.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const one = (): Tensor => Tensor.from(gpu, [1], [1]);

/** A result as a class, with a handle in a field and one in a field's array. */
class Result {
  readonly others = [one()];
  constructor(readonly loss: Tensor) {}

  get broken(): never {
    throw new Error('getters are not called');
  }
}

const tensorsOf = (value: unknown): Tensor[] => value as Tensor[];

const SHAPES: Record<string, () => { result: unknown; tensors: Tensor[] }> = {
  'a tensor': () => {
    const x = one();
    return { result: x, tensors: [x] };
  },
  'an array in an object': () => {
    const x = one();
    return { result: { a: [[x]] }, tensors: [x] };
  },
  'a map': () => {
    const [x, y] = [one(), one()];
    return { result: new Map([[x, { y }]]), tensors: [x, y] };
  },
  'a set in a map': () => {
    const x = one();
    return { result: new Map([['all', new Set([x])]]), tensors: [x] };
  },
  'an instance of a class': () => {
    const result = new Result(one());
    return { result, tensors: [result.loss, ...result.others] };
  },
  'an object without a prototype': () => {
    const x = one();
    return { result: Object.assign(Object.create(null) as object, { x }), tensors: [x] };
  },
  'a class that extends Map': () => {
    const x = one();
    return {
      result: new (class Named extends Map<string, Tensor> {
        readonly extra = x;
      })(),
      tensors: [x],
    };
  },
  'a cycle': () => {
    const x = one();
    const result: { self?: unknown; list: unknown[] } = { list: [x] };
    result.self = result;
    result.list.push(result);
    return { result, tensors: [x] };
  },
  'an object that holds the Gpu': () => {
    const x = one();
    return { result: { gpu, x, bytes: new Uint8Array(1 << 20) }, tensors: [x] };
  },
};

for (const [name, make] of Object.entries(SHAPES)) {
  test(`what is returned in ${name} outlives its scope, and goes with the one around it`, async () => {
    const before = gpu.memory().tensors;
    let outer: Tensor[] = [];
    gpu.scope(() => {
      const { tensors } = gpu.scope(() => {
        one();
        const { result, tensors: all } = make();
        // Only the result itself is searched.
        return Object.defineProperty({ result }, 'tensors', { value: all, enumerable: false }) as unknown as { tensors: Tensor[] };
      });
      outer = tensors;
      assert.ok(tensorsOf(tensors).every(({ disposed }) => !disposed));
    });
    assert.ok(outer.every(({ disposed }) => disposed));
    assert.is(gpu.memory().tensors, before);
  });
}

test('a promise is refused wherever it is in the result, and every tensor goes', async () => {
  const before = gpu.memory().tensors;
  const promises: Record<string, () => unknown> = {
    itself: () => one().data(),
    'in an object': () => ({ a: one(), b: one().data() }),
    'in a map in an array': () => [new Map([['data', one().data()]])],
    'of an async function': async () => {
      await Promise.resolve();
      return one;
    },
    'of another kind': () => ({ then: (done: (value: number) => void) => done(1) }),
  };
  for (const [name, body] of Object.entries(promises)) {
    await failure('INVALID_ARGUMENT', () => gpu.scope(body), /promise/, /await their data outside/);
    assert.is(gpu.memory().tensors, before, name);
    await failure('INVALID_ARGUMENT', () => gpu.record(async () => one()), /promise/);
  }
  // Nothing of them fails later.
  await new Promise((done) => setTimeout(done, 10));
  await gpu.sync();
});

test('kernels of one name and other sources or directives are other shaders', () => {
  const [a, b] = [specialise('name', ['fn a() {}'], { N: 1 }), specialise('name', ['fn b() {}'], { N: 1 })];
  assert.is.not(a, b);
  assert.match(b.code, 'fn b');
  assert.is(specialise('name', [`fn ${'a'}() {}`], { N: 1 }), a);
  assert.is.not(specialise('name', ['fn a() {}'], { N: 1 }, {}, 'enable f16;'), a);
  assert.is.not(specialise('name', ['fn a() {}', 'fn b() {}']), specialise('name', ['fn b() {}', 'fn a() {}']));
});

test('a translator that cannot be made leaves nothing on the device', async () => {
  const generator = new UNet({ size: 16, ngf: 1, inChannels: 4 });
  const [before, bytes] = [gpu.memory().tensors, gpu.memory().bytesInUse];
  await failure('INVALID_ARGUMENT', () => Translator.create(gpu, new UNet({ size: 16, ngf: 1 })), /on no device/);
  generator.to(gpu);
  const placed = gpu.memory().tensors;
  await failure('INVALID_ARGUMENT', () => Translator.create(gpu, generator), /channels of a generator/);
  assert.is(gpu.memory().tensors, placed);
  generator.dispose();
  assert.equal([gpu.memory().tensors, gpu.memory().bytesInUse], [before, bytes]);
});

test.run();
