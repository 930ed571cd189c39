/** Forbids a page everything but itself and the pictures in it and beside it. */
export const PAGE_POLICY = "default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** The style of tables of samples, `class="tested"`. */
export const SORTED_STYLE = `
.tested{border-collapse:collapse;width:100%;font-size:.92rem}
.tested th,.tested td{padding:.45rem .6rem .45rem 0;border-bottom:1px solid var(--line);text-align:left;font-weight:400;vertical-align:middle}
.tested thead th{position:sticky;top:0;background:var(--page);color:var(--soft);font-size:.85rem;z-index:1;white-space:nowrap}
.tested .number{text-align:right;white-space:nowrap}
.tested tbody th{max-width:12rem;overflow-wrap:anywhere}
.tested img{display:block;width:clamp(4rem,11vw,8rem);height:auto;border-radius:4px;background:var(--faint)}
.tested img.pixels{image-rendering:pixelated}
.tested tr:target{background:var(--faint)}
.table a{color:var(--accent)}
.worst{font-weight:660;color:var(--warn)}
.tested thead button{font-size:.85rem;min-height:1.9rem;padding:.15rem .6rem;white-space:nowrap}
.tested [aria-sort=ascending] button::after{content:" \\2191"}.tested [aria-sort=descending] button::after{content:" \\2193"}
`;

/**
 * Sorts the rows of each such table by the column whose button was pressed: numbers that are none come last. A second press turns the order
 * round.
 */
export const SORTED_SCRIPT = `
document.querySelectorAll('.tested').forEach((table) => {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const valueOf = (row, column) => {
    const text = row.cells[column].dataset.value;
    return row.cells[column].tagName === 'TH' || text === '' ? text : Number(text);
  };
  const compare = (a, b) => (typeof a === 'string' && typeof b === 'string' ? a.localeCompare(b, 'en', { numeric: true }) : a - b);
  heads.forEach((head, column) => {
    const button = head.querySelector('button');
    if (!button) return;
    button.disabled = false;
    button.addEventListener('click', () => {
      const sorted = head.getAttribute('aria-sort');
      const first = head.dataset.first;
      const order = sorted === null ? first : sorted === 'ascending' ? 'descending' : 'ascending';
      for (const each of heads) each.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', order);
      const sign = order === 'ascending' ? 1 : -1;
      const known = rows.filter((row) => valueOf(row, column) !== '');
      const rest = rows.filter((row) => !known.includes(row));
      known.sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column)));
      body.append(...known, ...rest);
    });
  });
});
`;
