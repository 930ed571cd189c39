// The four changes of a colour jitter, for its two passes: the first finds what contrast is taken against.
//
// Colours are taken from -1..1 to 0..1 and back; each change is clamped to that range, as torchvision's are:
//
//   brightness  v * factor
//   contrast    v * factor + (1 - factor) * mean        mean: of the image's grey values, as they are at that place of the order
//   saturation  v * factor + (1 - factor) * grey(v)     grey(v) = 0.2989 r + 0.587 g + 0.114 b
//   hue         the hue of HSV, a whole turn being 1, moved by the shift
//
// A draw is six numbers: whether there is a jitter (0 or 1), the factors of brightness, contrast and saturation, the shift of the hue,
// and the order: four digits of base 4, the first change in the lowest; 0 brightness, 1 contrast, 2 saturation, 3 hue.
// COLOURS: whether pixels have three channels. Those of one channel keep saturation and hue, of which they have none.

const DRAW = 6u;
const BRIGHTNESS = 0u;
const CONTRAST = 1u;
const SATURATION = 2u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;

fn is_drawn(image: u32) -> bool {
  return draws[shape.draws_base + image * DRAW] != 0.0;
}

fn change_at(image: u32, place: u32) -> u32 {
  return (u32(draws[shape.draws_base + image * DRAW + 5u]) >> (2u * place)) & 3u;
}

// The colour of a pixel in 0..1; of one channel, that in all three places.
fn colour_at(address: u32) -> vec3f {
  if (!COLOURS) { return vec3f(x[address] * 0.5 + 0.5); }
  return vec3f(x[address], x[address + 1u], x[address + 2u]) * 0.5 + 0.5;
}

fn grey_of(colour: vec3f) -> f32 {
  if (!COLOURS) { return colour.x; }
  return dot(colour, vec3f(0.2989, 0.587, 0.114));
}

// Towards white, black or another colour, or away from it.
fn blended(colour: vec3f, other: vec3f, factor: f32) -> vec3f {
  return clamp(factor * colour + (1.0 - factor) * other, vec3f(0.0), vec3f(1.0));
}

fn hue_moved(colour: vec3f, shift: f32) -> vec3f {
  let value = max(colour.r, max(colour.g, colour.b));
  let chroma = value - min(colour.r, min(colour.g, colour.b));
  // Grey has no hue to move.
  if (chroma <= 0.0) { return colour; }
  let rest = (vec3f(value) - colour) / chroma;
  var sixths = 4.0 + rest.g - rest.r;
  if (value == colour.r) { sixths = rest.b - rest.g; } else if (value == colour.g) { sixths = 2.0 + rest.r - rest.b; }
  // A shift is at most half a turn, so that one turn more makes all of them positive.
  let turned = fract(sixths / 6.0 + shift + 1.0) * 6.0;
  let sector = floor(turned);
  let within = turned - sector;
  let low = value - chroma;
  let falling = value - chroma * within;
  let rising = value - chroma * (1.0 - within);
  switch u32(sector) {
    case 0u: { return vec3f(value, rising, low); }
    case 1u: { return vec3f(falling, value, low); }
    case 2u: { return vec3f(low, value, rising); }
    case 3u: { return vec3f(low, falling, value); }
    case 4u: { return vec3f(rising, low, value); }
    case 5u: { return vec3f(value, low, falling); }
    // A turn that was rounded up to a whole one is the first of all.
    default: { return vec3f(value, low, low); }
  }
}

fn changed(colour: vec3f, image: u32, change: u32, mean: f32) -> vec3f {
  let number = draws[shape.draws_base + image * DRAW + 1u + change];
  if (change == BRIGHTNESS) { return blended(colour, vec3f(0.0), number); }
  if (change == CONTRAST) { return blended(colour, vec3f(mean), number); }
  if (!COLOURS) { return colour; }
  if (change == SATURATION) { return blended(colour, vec3f(grey_of(colour)), number); }
  return hue_moved(colour, number);
}
