/** Shader sources are imported as plain text; esbuild inlines them into the bundle. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
