// What element i of an elementwise kernel takes from a quad of random numbers: a f32 takes number i mod 4 of quad
// i div 4, which is the one that it would get as part of a vec4f.
alias word_element = u32;

fn quad_of(i: u32) -> u32 {
  return i / 4u;
}

fn from_quad(values: vec4f, i: u32) -> element {
  return values[i % 4u];
}

fn words_from_quad(words: vec4u, i: u32) -> word_element {
  return words[i % 4u];
}
