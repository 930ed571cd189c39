// The draws of the random jitter of pix2pix (Isola et al. 2017, section 6.2), for every kernel that applies it: resize to the load size,
// crop, perhaps mirror. Its own source follows, with a uniform `shape` that has these sizes.
//
// draws (binding 1): [batch] of (crop_x, crop_y, mirror, source). A buffer, not uniforms: a recorded step runs again
// with other draws. Draws that would leave the images are brought back to their edge.
@group(0) @binding(1) var<storage, read> draws: array<vec4u>;

// A pixel of an image resized to the load size.
struct Place { image: u32, column: u32, row: u32 }

//   column = crop_x[n] + (crop_width - 1 - x if mirror[n] else x),  row = crop_y[n] + y,  of the image source[n]
fn drawn_place(pixel: u32) -> Place {
  let x = pixel % shape.crop_width;
  let y = pixel / shape.crop_width % shape.crop_height;
  let draw = draws[pixel / (shape.crop_height * shape.crop_width)];
  let corner = min(draw.xy, vec2u(shape.load_width - shape.crop_width, shape.load_height - shape.crop_height));
  let column = corner.x + select(x, shape.crop_width - 1u - x, draw.z != 0u);
  return Place(min(draw.w, shape.images - 1u), column, corner.y + y);
}
