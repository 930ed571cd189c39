import { loadDawn } from '../../src/node/adapter/dawn.js';
import { trackPending } from '../../src/node/adapter/polling.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import { convOperands, gemmOperands, type ConvCase } from './cases.js';
import { defineNavigator, peerRequire, permute, TO_HWIO, TO_NCHW, TO_NHWC, TO_OIHW, type Peer, type Prepared } from './peer.js';

type Jax = any;

const channelsFirst = ([batch, height, width, channels]: Shape): number[] => [batch!, channels!, height!, width!];
const weightFirst = (shape: Shape): number[] => TO_OIHW.map((axis) => shape[axis]!);

/** jax-js on WebGPU. Its convolutions are NCHW; gradients come from grad(), under jit, where the unused forward pass is dropped. */
export async function openJax(adapter: string | undefined): Promise<Peer> {
  defineNavigator(await loadDawn(adapter === undefined ? {} : { adapter }));
  const jax: Jax = peerRequire()('@jax-js/jax');
  if (!(await jax.init('webgpu')).includes('webgpu')) throw new Error('the WebGPU backend does not start');
  jax.defaultDevice('webgpu');
  const { lax, numpy } = jax;
  const place = (data: Float32Array, shape: readonly number[]): Jax => numpy.array(data, { shape });

  /** `compute` is compiled once; its arguments stay on the device. */
  function prepared(compute: (...args: Jax[]) => Jax, args: readonly Jax[], toOurs: (data: Float32Array) => Float32Array): Prepared {
    let expected: number | undefined;
    const compiled = jax.jit(compute);
    const once = (): Jax => compiled(...args.map((arg) => arg.ref));
    return {
      async run(times) {
        const device: GPUDevice = jax.getWebGPUDevice();
        device.pushErrorScope('validation');
        const results = Array.from({ length: times }, once);
        for (const result of results) await trackPending(result.blockUntilReady());
        // One number of the last result says that it was computed: a refused submit would be the fastest of all.
        const last = results.pop();
        const [value] = await trackPending(last.slice(...last.shape.map(() => 0)).data() as Promise<Float32Array>);
        for (const result of results) result.dispose();
        const error = await device.popErrorScope();
        if (error) throw new Error(`a timed run is refused: ${error.message}`);
        if (value !== expected) throw new Error(`a timed run gives ${value}, not ${expected}`);
      },
      async result() {
        const data = Float32Array.from(await trackPending(once().data() as Promise<Float32Array>));
        expected = data[0];
        return toOurs(data);
      },
      dispose() {
        for (const arg of args) arg.dispose();
        compiled.dispose?.();
      },
    };
  }

  function prepareConv(peerCase: ConvCase): Prepared {
    const {
      layer: { input, weight, output, geometry },
      pass,
    } = peerCase;
    const operands = convOperands(peerCase);
    const x = (): Jax => place(permute(operands.x, input, TO_NCHW), channelsFirst(input));
    const w = (): Jax => place(permute(operands.w, weight, TO_OIHW), weightFirst(weight));
    const dy = (): Jax => place(permute(operands.dy, output, TO_NCHW), channelsFirst(output));
    const padding = geometry.padding.map((each) => [each, each]);
    const convolve = (image: Jax, kernel: Jax): Jax => lax.convGeneralDilated(image, kernel, geometry.stride, padding);
    const toImage =
      (shape: Shape) =>
      (data: Float32Array): Float32Array =>
        permute(data, channelsFirst(shape), TO_NHWC);
    if (pass === 'convolve') return prepared(convolve, [x(), w()], toImage(output));
    const product = (image: Jax, kernel: Jax, cotangent: Jax): Jax => convolve(image, kernel).mul(cotangent).sum();
    if (pass === 'adjoint') {
      const zeros = place(new Float32Array(elementCount(input)), channelsFirst(input));
      return prepared(jax.grad(product, { argnums: 0 }), [zeros, w(), dy()], toImage(input));
    }
    const zeros = place(new Float32Array(elementCount(weight)), weightFirst(weight));
    return prepared(jax.grad(product, { argnums: 1 }), [x(), zeros, dy()], (data) => permute(data, weightFirst(weight), TO_HWIO));
  }

  return {
    async prepare(peerCase) {
      if (peerCase.kind === 'conv') return prepareConv(peerCase);
      if (peerCase.kind !== 'gemm') return null;
      const { side } = peerCase;
      const { a, b } = gemmOperands(peerCase);
      return prepared(
        (left, right) => numpy.matmul(left, right),
        [place(a, [side, side]), place(b, [side, side])],
        (data) => data,
      );
    },
  };
}
