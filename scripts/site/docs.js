// The script of every page of the documentation: the search is loaded when somebody begins one.
const field = document.getElementById('search');
const list = document.getElementById('found');
const said = document.getElementById('found-said');

let search;
/** Searches are counted: the answer of an earlier one is thrown away. */
let searches = 0;
let chosen = -1;

const loadSearch = () =>
  (search ??= import('./search.js')
    .then(({ openSearch }) => openSearch())
    .catch((error) => {
      search = undefined;
      throw error;
    }));

function close() {
  list.hidden = true;
  field.setAttribute('aria-expanded', 'false');
  choose(-1);
}

function choose(next) {
  const options = list.querySelectorAll('[role=option]');
  options[chosen]?.setAttribute('aria-selected', 'false');
  chosen = options.length === 0 || next < 0 ? -1 : Math.min(next, options.length - 1);
  const option = options[chosen];
  option?.setAttribute('aria-selected', 'true');
  option?.scrollIntoView({ block: 'nearest' });
  if (option) field.setAttribute('aria-activedescendant', option.id);
  else field.removeAttribute('aria-activedescendant');
}

function optionOf({ title, url, kind, about }, at) {
  const option = document.createElement('a');
  option.id = `found-${at}`;
  option.href = new URL(url, new URL('..', import.meta.url)).href;
  option.setAttribute('role', 'option');
  option.setAttribute('aria-selected', 'false');
  option.tabIndex = -1;
  for (const [name, text] of [
    ['strong', title],
    ['small', kind],
    ['span', about],
  ]) {
    const part = document.createElement(name);
    part.textContent = text;
    option.append(part, ' ');
  }
  return option;
}

async function update() {
  const words = field.value.trim();
  const mine = ++searches;
  if (words === '') {
    said.textContent = '';
    return close();
  }
  try {
    const find = await loadSearch();
    if (mine !== searches) return;
    const found = find(words);
    list.replaceChildren(...found.map(optionOf));
    said.textContent = found.length === 0 ? `Nothing was found for "${words}".` : `${found.length} found.`;
    said.classList.toggle('unseen', found.length > 0);
    list.hidden = found.length === 0;
    field.setAttribute('aria-expanded', String(found.length > 0));
    chosen = -1;
    choose(-1);
  } catch {
    if (mine !== searches) return;
    close();
    said.textContent = 'The search could not be loaded. Check the connection and try again.';
    said.classList.remove('unseen');
  }
}

field.addEventListener('input', update);
field.addEventListener('focus', () => {
  loadSearch().catch(() => undefined);
  if (field.value.trim() !== '' && list.childElementCount > 0) update();
});
field.addEventListener('keydown', (event) => {
  const moves = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 };
  if (event.key in moves && !list.hidden) choose(moves[event.key]);
  else if (event.key === 'Enter' && !list.hidden) list.querySelectorAll('[role=option]')[Math.max(chosen, 0)]?.click();
  else if (event.key === 'Escape' && field.value !== '') {
    field.value = '';
    update();
  } else if (event.key === 'Escape') field.blur();
  else return;
  event.preventDefault();
});
document.addEventListener('pointerdown', ({ target }) => {
  if (!target.closest('.search')) close();
});
document.addEventListener('focusin', ({ target }) => {
  if (!target.closest('.search')) close();
});
// A link to a place in the page that one is on loads nothing anew.
list.addEventListener('click', close);

document.addEventListener('keydown', (event) => {
  const isTyping = event.target.closest?.('input, select, textarea, [contenteditable]');
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});
