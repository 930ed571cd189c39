// Where the pixels of a resampled image come from, along one axis: what upsample.wgsl and upsample_grad.wgsl share.
// BILINEAR and ALIGN (prepended): two neighbours by distance, or the nearest pixel; whether the centres of the corner pixels
// of both images lie on each other, or their outer edges.
// Channels, bases and strides are in units of `element`.

struct ResampleShape {
  batch: u32, channels: u32,
  in_h: u32, in_w: u32, out_h: u32, out_w: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  // Pixels of the input for one of the output.
  ratio_h: f32, ratio_w: f32,
}

// Output pixel o is (1 - weight) * x[first] + weight * x[second].
struct Tap {
  first: u32,
  second: u32,
  weight: f32,
}

fn tap_of(o: u32, ratio: f32, length: u32) -> Tap {
  if (!BILINEAR) {
    let nearest = min(u32(f32(o) * ratio), length - 1u);
    return Tap(nearest, nearest, 0.0);
  }
  var position = f32(o) * ratio;
  if (!ALIGN) { position = max((f32(o) + 0.5) * ratio - 0.5, 0.0); }
  let first = min(u32(position), length - 1u);
  return Tap(first, min(first + 1u, length - 1u), clamp(position - f32(first), 0.0, 1.0));
}
