/** A word as it is, and the words that its capitals join: people look for `openPairedFolder` and for `paired`. */
function partsOf(word) {
  const parts = word.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_/).filter((part) => part !== '');
  return parts.length > 1 ? [word, ...parts] : [word];
}

/** How minisearch makes and reads the index: the same when it is made as when it is asked. */
export const SEARCH_OPTIONS = {
  fields: ['title', 'text'],
  storeFields: ['title', 'url', 'kind', 'about'],
  tokenize: (text) => (text.match(/[\p{L}\p{N}_]+/gu) ?? []).flatMap(partsOf),
  processTerm: (term) => term.toLowerCase(),
  searchOptions: {
    boost: { title: 4 },
    prefix: (term) => term.length > 1,
    fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    combineWith: 'AND',
  },
};
