/** Shader sources are imported as plain text; esbuild inlines them into the bundle. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}

/** Programs of worker threads are imported as the text of a bundle of their own; scripts/lib/sources.js makes it. */
declare module '*?text' {
  const program: string;
  export default program;
}
