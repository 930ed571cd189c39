/** Lets `using x = ...` call the dispose() of a class's instances at the end of their block. */
export function makeDisposable(type: { readonly prototype: { dispose(): void } }): void {
  // Older browsers have no such symbol.
  const symbol: symbol | undefined = Symbol.dispose;
  if (!symbol) return;
  Object.defineProperty(type.prototype, symbol, {
    value(this: { dispose(): void }) {
      this.dispose();
    },
    configurable: true,
    writable: true,
  });
}
