/** Types that a declaration names and that nobody has to: by file and name. */
export const NOT_EXPORTED = [
  'src/autograd/methods.ts:methods',
  'src/autograd/methods.ts:Method',
  'src/node/terminal/flags.ts:HasDefault',
  'src/node/terminal/flags.ts:ValueOf',
  'src/web/canvas/source.ts:OfPages',
];

/** Files with names that have no docstring yet. One that is documented must leave the list, and the reference says so. */
export const UNDOCUMENTED_FILES = [];
