// What element i of an elementwise kernel takes from a quad of random numbers: a vec4f is a quad itself.
alias word_element = vec4u;

fn quad_of(i: u32) -> u32 {
  return i;
}

fn from_quad(values: vec4f, i: u32) -> element {
  return values;
}

fn words_from_quad(words: vec4u, i: u32) -> word_element {
  return words;
}
