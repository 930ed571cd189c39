// A process that opens a device, leaves it in the state that its argument names and has nothing more to do then.
// process-exit.test.ts bundles and starts it.
import { mul } from '../../src/autograd/ops.js';
import { openNodeGpu } from '../../src/node/adapter/adapter.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { slowShader } from './devices.js';

const [state] = process.argv.slice(2);
const { gpu } = await openNodeGpu();
const [x, y] = [Tensor.from(gpu, [1], [1]), Tensor.from(gpu, [0], [1])];
const report =
  (what: string) =>
  (error?: unknown): void =>
    console.log(what, (error as { code?: string } | undefined)?.code ?? 'done');

if (state === 'idle') {
  await mul(x, 2).data();
} else {
  gpu.dispatch({ shader: slowShader(20_000_000), bindings: [x.read(), y.written()], workgroups: [1, 1, 1] });
  if (state === 'waited for') y.data().then(report('read'), report('read'));
  if (state === 'compiling') gpu.record(() => mul(x, 2)).then(report('record'), report('record'));
  if (state === 'submitted') void gpu.sync().catch(() => {});
}
gpu.destroy();
console.log((await gpu.device.lost).reason);
