import { test } from 'uvu';
import * as sg from '../../src/index.js';
import { loadModule, saveModule } from '../../src/node/weights/module-file.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

// What people write who know another library, or have no types: each gets an error that says what to write.

const gpu = await testGpu();
const x = sg.Tensor.from(gpu, [1, 2, 3, 4], [2, 2]);
const linear = new sg.Linear({ inFeatures: 2, outFeatures: 2 }).to(gpu);
const any = <T>(value: unknown): T => value as T;

const SLIPS: Record<string, readonly [run: () => unknown, ...said: (string | RegExp)[]]> = {
  'a length in place of a shape': [() => sg.zeros(gpu, any(3)), 'shape of', '[3]'],
  'no shape': [() => sg.Tensor.from(gpu, new Float32Array(2), any(undefined)), 'shape of', 'brackets'],
  'a tensor in place of a list of them': [() => sg.concat(any(x)), 'inputs of concat', 'a single tensor', 'brackets'],
  'the same, stacked': [() => sg.stack(any(x)), 'inputs of stack', 'brackets'],
  'a list of numbers to join': [() => sg.concat(any([[1, 2]])), 'input 0', 'Tensor.from'],
  'a tensor in place of the inputs of grad()': [() => sg.grad(sg.sum(x), any(x)), 'inputs of grad', 'brackets'],
  'a number as the output of backward()': [() => sg.backward(any(1)), 'backward()', 'a tensor'],
  'a number to multiply matrices by': [() => x.matmul(any(2)), 'matmul: b', 'a tensor'],
  'an Int32Array for an f32 tensor': [
    () => sg.zeros(gpu, [2]).write(new Int32Array(2)),
    'expected: 2 f32 numbers',
    'received: 2 i32 numbers',
  ],
  'a fraction for an i32 tensor': [() => sg.argmax(x, { axis: 0 }).write([1.5, 2]), 'expected: 2 i32 numbers', 'received: 2 f32 numbers'],
  'an object of tensors': [() => linear.loadStateDict(any({ weight: x })), 'loadStateDict()', 'new Map(Object.entries('],
  'a slope by its name': [() => new sg.LeakyReLU(any({ slope: 0.1 })), 'slope of a LeakyReLU', '{"slope":0.1}'],
  'a slope that float32 does not hold': [() => new sg.LeakyReLU(1e300), 'slope of a LeakyReLU'],
  'an alpha that float32 does not hold': [() => new sg.ELU(1e300), 'alpha of an ELU'],
  'an approximation that there is not': [() => new sg.GELU(any({ approximate: 'foo' })), 'approximate of a GELU', 'none'],
  'channels by their name': [() => new sg.BatchNorm2d(any({ features: 3 })), 'BatchNorm2d', '{"features":3}'],
  'layers one by one': [() => new sg.Sequential(any(new sg.ReLU())), 'layers of a Sequential', 'new Sequential([a, b])', 'a single ReLU'],
  'a module where the path goes, saved': [() => saveModule(any(linear), any('q.pth')), "saveModule('network.safetensors', network)"],
  'a module where the path goes, loaded': [() => loadModule(any(linear), any('q.pth')), "loadModule('network.safetensors', network)"],
};

for (const [name, [run, ...said]] of Object.entries(SLIPS)) {
  const code = name.endsWith(' tensor') ? 'SHAPE_MISMATCH' : 'INVALID_ARGUMENT';
  test(name, async () => void (await failure(code, run, ...said, /fix: /)));
}

test('layer norm takes the length of the last axis alone, as its layer does', async () => {
  const [one, list] = [sg.layerNorm(x, 2), sg.layerNorm(x, [2])];
  if ((await one.data()).join() !== (await list.data()).join()) throw new Error('unequal');
});

test.run();
