import MarkdownIt from 'markdown-it';
import { escapeHtml } from './html.js';

/** Names of headings as GitHub makes them: what links between the Markdown files rely on. */
class Slugs {
  #seen = new Map();

  of(text) {
    const slug = text
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-');
    const times = this.#seen.get(slug) ?? 0;
    this.#seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  }
}

/** What a heading or a table says, without its marks. */
const plainText = (inline) => (inline?.children ?? []).map(({ type, content }) => (/break$/.test(type) ? ' ' : content)).join('');

/**
 * Makes the HTML of a Markdown text.
 *
 * @param {string} text
 * @param {object} turn
 * @param {(href: string) => string} turn.link the address in the page of one in the text
 * @param {(code: string) => string | undefined} turn.code where a short piece of code leads to, such as the reference of a name
 * @returns {{ title: string, html: string, headings: { level: number, id: string, text: string }[], sections: object[] }} its
 *   first heading; the page; its headings; and the id, title and text of what stands below each, for the search
 */
export function renderMarkdown(text, { link, code }) {
  const markdown = new MarkdownIt();
  // Notes to programs, such as where a generated part begins.
  const tokens = markdown.parse(text.replace(/^<!--.*-->$/gm, ''), {});
  const slugs = new Slugs();
  const headings = [];
  const sections = [];
  let section = { id: '', title: '', text: '' };
  let tables = 0;
  tokens.forEach((token, at) => {
    if (token.type === 'heading_open') {
      const title = plainText(tokens[at + 1]);
      const id = slugs.of(title);
      token.attrSet('id', id);
      headings.push({ level: Number(token.tag.slice(1)), id, text: title });
      sections.push((section = { id: headings.length === 1 ? '' : id, title, text: '' }));
    } else if (token.type === 'inline' && tokens[at - 1]?.type !== 'heading_open') {
      section.text += `${plainText(token)} `;
    } else if (token.type === 'fence') section.text += `${token.content} `;
    if (token.type === 'table_open') token.meta = { name: `Table ${++tables}: ${section.title}` };
    // A corner without a heading heads nothing.
    if (token.type === 'th_open' && tokens[at + 1].content === '') token.tag = tokens[at + 2].tag = 'td';
    for (const child of token.children ?? []) turnChild(child, link);
    if (token.type === 'inline') token.children = withCodeLinks(token.children, code, tokens[at - 1]?.type === 'heading_open');
  });
  const { rules } = markdown.renderer;
  // What scrolls sideways on a phone can be scrolled from the keyboard.
  rules.table_open = (all, at) => `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(all[at].meta.name)}"><table>\n`;
  rules.table_close = () => '</table></div>\n';
  rules.fence = (all, at) => `<pre tabindex="0"><code>${escapeHtml(all[at].content)}</code></pre>\n`;
  const html = markdown.renderer.render(tokens, markdown.options, {});
  return { title: headings[0]?.text ?? '', html, headings, sections };
}

function turnChild(child, link) {
  const attribute = { link_open: 'href', image: 'src' }[child.type];
  if (attribute) child.attrSet(attribute, link(child.attrGet(attribute)));
  if (child.type === 'image') child.attrSet('loading', 'lazy');
}

/** Makes links of the names in code, but in headings and in what is a link already. */
function withCodeLinks(children, code, isHeading) {
  let depth = 0;
  return children.flatMap((child) => {
    if (child.type === 'link_open') depth++;
    if (child.type === 'link_close') depth--;
    const address = child.type === 'code_inline' && depth === 0 && !isHeading ? code(child.content) : undefined;
    if (address === undefined) return [child];
    const open = { type: 'html_inline', content: `<a class="name" href="${escapeHtml(address)}">`, children: null };
    return [open, child, { type: 'html_inline', content: '</a>', children: null }];
  });
}
