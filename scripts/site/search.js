/* global SEARCH_INDEX */
import MiniSearch from 'minisearch';
import { SEARCH_OPTIONS } from './search-options.js';

const MOST_FOUND = 20;

/** Loads the index that was made with the site. @returns what finds pages by words */
export async function openSearch() {
  const response = await fetch(new URL(SEARCH_INDEX, import.meta.url));
  if (!response.ok) throw new Error(`${SEARCH_INDEX}: ${response.status}`);
  const index = MiniSearch.loadJSON(await response.text(), SEARCH_OPTIONS);
  return (words) => index.search(words, { boostDocument: (_id, _term, { weight = 1 } = {}) => weight }).slice(0, MOST_FOUND);
}
