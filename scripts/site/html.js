const NAMED = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A text as it stands in HTML, in attributes, too. */
export const escapeHtml = (text) => text.replace(/[&<>"']/g, (each) => NAMED[each]);

const MEANT = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' };

/** The text that HTML shows, in one line. */
export const textOf = (html) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name) => MEANT[name])
    .replace(/\s+/g, ' ')
    .trim();

/** The way from one file of the site to another, both relative to its root. */
export function wayTo(from, to) {
  const start = from.split('/').slice(0, -1);
  const end = to.split('/');
  let same = 0;
  while (same < start.length && same < end.length - 1 && start[same] === end[same]) same++;
  return [...start.slice(same).map(() => '..'), ...end.slice(same)].join('/');
}
