// The activation functions and their gradients. ACTIVATION (prepended) chooses one;
// `element` (prepended) is vec4f or f32. No exponential here can overflow.
const RELU = 0u;
const LEAKY_RELU = 1u;
const TANH = 2u;
const SIGMOID = 3u;

// (1 - e) / (1 + e) with e = exp(-2|x|). Near zero 1 - e loses digits, so there it is the Taylor series, which at
// |x| = 1/4 leaves out a term of 1e-8 relative. WGSL's own tanh is a NaN for large x on some drivers.
fn stable_tanh(x: element) -> element {
  let magnitude = abs(x);
  let square = x * x;
  let series =
    magnitude * (element(1.0) + square * (element(-1.0 / 3.0) +
      square * (element(2.0 / 15.0) + square * (element(-17.0 / 315.0) + square * (62.0 / 2835.0)))));
  let e = exp(-2.0 * magnitude);
  return sign(x) * select((1.0 - e) / (1.0 + e), series, magnitude < element(0.25));
}

// 1 / (1 + exp(-x)) for x >= 0, else exp(x) / (1 + exp(x)).
fn stable_sigmoid(x: element) -> element {
  let e = exp(-abs(x));
  return select(e, element(1.0), x >= element()) / (1.0 + e);
}

fn activate(x: element, slope: f32) -> element {
  switch (ACTIVATION) {
    case RELU: { return select(x, element(), x <= element()); }
    case LEAKY_RELU: { return select(x, slope * x, x <= element()); }
    case TANH: { return stable_tanh(x); }
    default: { return stable_sigmoid(x); }
  }
}

// The gradient of the input from that of the output, dy, and from the input for ReLU and leaky ReLU (whose derivatives at
// exactly zero are 0 and the slope) or the output for tanh and sigmoid. What ReLU holds back is 0 with the sign of dy also
// where dy is infinite, as in PyTorch: a product with 0 would be NaN. A ReLU that was given NaN lets dy pass, as there.
fn activation_gradient(saved: element, dy: element, slope: f32) -> element {
  switch (ACTIVATION) {
    case RELU: {
      // Some compilers take a product with a constant zero for +0.
      let derivative = select(element(), element(1.0), saved > element());
      return select(dy, clamp(dy, element(-1.0), element(1.0)) * derivative, saved <= element());
    }
    case LEAKY_RELU: { return select(dy * slope, dy, saved > element()); }
    case TANH: { return dy * (1.0 - saved * saved); }
    default: { return dy * (saved * (1.0 - saved)); }
  }
}
