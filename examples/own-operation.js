// An operation of one's own, with its WGSL and its gradient, outside the library; and a network that is trained with it:
// node examples/own-operation.js [--steps N]
//
// "Snake" (Ziyin, Hartwig and Ueda 2020), an activation for what repeats itself: y = x + sin(a x)^2 / a. A network of two layers
// learns a wave from a few hundred points of it.
const shadegrad = await import('shadegrad').catch(explainMissingBuild);
const {
  Adam,
  backward,
  checkGradients,
  Conv2d,
  defineOperation,
  formatHelp,
  mseLoss,
  Module,
  normal,
  requestGpu,
  Params,
  parseFlags,
  runMain,
  specialise,
  Tensor,
  walkElements,
} = shadegrad;

const PROGRAM = {
  usage: 'node examples/own-operation.js [flags]',
  summary: 'Trains a small network with an activation that is defined here, in WGSL, and not in the library.',
  flags: [{ name: 'steps', type: 'integer', min: 1, default: 1000, description: 'steps of training' }],
};

// ---- The operation -------------------------------------------------------------------------------------------------------

// walkElements() finds the way through tensors of any shape and layout: `element` is f32, or vec4f where all of them allow it.
const forwardSource = `
  struct Shape { count: u32, columns: u32, x_base: u32, x_stride: u32, y_base: u32, y_stride: u32, a: f32 }
  @group(0) @binding(0) var<storage, read> x: array<element>;
  @group(0) @binding(1) var<storage, read_write> y: array<element>;
  @group(0) @binding(2) var<uniform> shape: Shape;

  @compute @workgroup_size(64)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
    let own = stretch(group, groups, lane, shape.count);
    for (var i = own.first; i < own.end; i += 64u) {
      let value = x[address(i, shape.columns, shape.x_base, shape.x_stride)];
      let wave = sin(shape.a * value);
      y[address(i, shape.columns, shape.y_base, shape.y_stride)] = value + wave * wave / shape.a;
    }
  }`;

// dx = dy (1 + sin(2 a x))
const gradientSource = `
  struct Shape { count: u32, columns: u32, x_base: u32, x_stride: u32, dy_base: u32, dy_stride: u32, dx_base: u32, dx_stride: u32, a: f32 }
  @group(0) @binding(0) var<storage, read> x: array<element>;
  @group(0) @binding(1) var<storage, read> dy: array<element>;
  @group(0) @binding(2) var<storage, read_write> dx: array<element>;
  @group(0) @binding(3) var<uniform> shape: Shape;

  @compute @workgroup_size(64)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
    let own = stretch(group, groups, lane, shape.count);
    for (var i = own.first; i < own.end; i += 64u) {
      let slope = 1.0 + sin(2.0 * shape.a * x[address(i, shape.columns, shape.x_base, shape.x_stride)]);
      dx[address(i, shape.columns, shape.dx_base, shape.dx_stride)] = slope * dy[address(i, shape.columns, shape.dy_base, shape.dy_stride)];
    }
  }`;

/** Runs one of the two on tensors of one shape, the last of which it writes. */
function run(name, source, tensors, a) {
  const walk = walkElements(tensors);
  const output = tensors.at(-1);
  output.gpu.dispatch({
    shader: specialise(name, [walk.source, source], walk.constants, walk.aliases),
    bindings: tensors.map((tensor) => (tensor === output ? tensor.written() : tensor.read())),
    params: new Params().u32(walk.count, walk.columns, ...tensors.flatMap((tensor) => walk.place(tensor))).f32(a),
    workgroups: walk.workgroups,
  });
  return output;
}

const snake = defineOperation({
  name: 'snake',
  forward: (x, a) => run('snake', forwardSource, [x, Tensor.empty(x.gpu, x.shape, 'snake')], a),
  backward: (dy, { args: [x, a] }) => [run('snake gradient', gradientSource, [x, dy, Tensor.empty(x.gpu, x.shape, 'snake gradient')], a)],
  saves: ({ args: [x] }) => [x],
  firstOrderOnly: true,
});

// ---- A network with it ---------------------------------------------------------------------------------------------------

class Wave extends Module {
  constructor() {
    super();
    this.inner = this.child('inner', new Conv2d({ inChannels: 1, outChannels: 32, kernel: 1, initializer: normal(0, 3) }));
    this.outer = this.child('outer', new Conv2d({ inChannels: 32, outChannels: 1, kernel: 1, initializer: normal(0, 0.1) }));
  }

  forward(x) {
    return this.outer.forward(snake(this.inner.forward(x), 1));
  }
}

await runMain(async () => {
  const { values, help } = parseFlags(PROGRAM, process.argv.slice(2));
  if (help) {
    process.stdout.write(formatHelp(PROGRAM));
    return 0;
  }
  const gpu = await requestGpu();
  try {
    const errors = await checkGradients(gpu, {
      operation: (x) => snake(x, 2),
      shapes: [[3, 7]],
      reference: (x) => x.map((value) => value + Math.sin(2 * value) ** 2 / 2),
    });
    if (errors.length > 0) throw new Error(`the gradient of snake is wrong: ${JSON.stringify(errors[0])}`);
    console.log('the gradient of snake agrees with differences of its float64 reference');

    const points = 256;
    const shape = [points, 1, 1, 1];
    const positions = Array.from({ length: points }, (_, i) => (2 * i) / points - 1);
    const x = Tensor.from(gpu, positions, shape);
    const target = Tensor.from(
      gpu,
      positions.map((at) => 0.5 * Math.sin(9 * at) + 0.5 * at),
      shape,
    );
    const network = new Wave().to(gpu, { seed: 1 });
    const adam = new Adam(network, { learningRate: 0.01 });
    const { recording, result: loss } = await gpu.record(() =>
      gpu.scope(() => {
        adam.zeroGrad();
        const error = mseLoss(network.forward(x), target);
        backward(error);
        adam.step();
        return error;
      }),
    );

    for (let step = 1; step <= values.steps; step++) {
      recording.run();
      if (step === 1 || step % Math.ceil(values.steps / 5) === 0)
        console.log(`step ${step}: mean squared error ${(await loss.item()).toFixed(5)}`);
    }
  } finally {
    gpu.destroy();
  }
  return 0;
});

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('error: shadegrad is not built yet\n  fix: run "npm ci" once (it installs and builds), or "npm start", which does it all');
  process.exit(1);
}
