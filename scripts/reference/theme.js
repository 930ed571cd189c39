import { DefaultTheme, JSX, ReflectionKind } from 'typedoc';

/**
 * Shows the reference in pages of somebody else's: typedoc's own contents, without its icons and scripts.
 *
 * @param {import('typedoc').Application} app
 * @param {(page: { url: string, title: string, body: string }) => string} layout the HTML of a page
 * @returns {() => import('typedoc').Router} what has the addresses of the pages, once there are some
 */
export function useLayout(app, layout) {
  let router;
  class GivenTheme extends DefaultTheme {
    defaultLayoutTemplate = (page, template) => {
      router = this.router;
      const head = this.getRenderContext(page).header(page);
      const body = plain(`${JSX.renderElement(head)}\n${JSX.renderElement(template(page))}`);
      const title = page.model.isProject() ? 'API reference' : page.model.name;
      return JSX.createElement(JSX.Raw, { html: layout({ url: page.url, title, body }) });
    };

    render(page) {
      return super.render(page).replace(/^<!DOCTYPE html>(?=<!doctype html>)/, '');
    }
  }
  app.renderer.defineTheme('given', GivenTheme);
  app.options.setValue('theme', 'given');
  return () => router;
}

/**
 * typedoc's contents for pages without its assets: no icons, and nothing that closes, because links in what is clicked to close are
 * no use to whoever has a keyboard.
 */
const plain = (html) =>
  withoutGaps(html)
    .replace(/(class="tsd-anchor-icon">)<svg.*?<\/svg>/gs, '$1#')
    .replace(/<svg.*?<\/svg>/gs, '')
    .replaceAll('<pre>', '<pre tabindex="0">')
    .replace(/<\/?summary[^>]*>|<button type="button">Copy<\/button>/g, '')
    .replace(/<(\/?)details( class="[^"]*")?[^>]*>/g, '<$1div$2>');

/** Headings go down one level at a time; how large they are stays. */
function withoutGaps(html) {
  const open = [];
  return html.replace(/<(\/?)h([1-6])\b/g, (_, end, level) => {
    if (end) return `</h${open.length}`;
    while (open.at(-1) >= level) open.pop();
    open.push(level);
    return `<h${open.length} data-level="${level}"`;
  });
}

/** Where each exported name and its members are described, for links and for the search. */
export function placesOf(project, router) {
  const place = (reflection, name) => ({
    name,
    kind: ReflectionKind.singularString(reflection.kind).toLowerCase(),
    url: router.getFullUrl(reflection),
    text: summaryOf(reflection),
  });
  return (project.children ?? []).flatMap((module) =>
    (module.children ?? [])
      .filter((each) => router.hasUrl(each))
      .flatMap((each) => [
        { ...place(each, each.name), isExport: true },
        ...(each.children ?? [])
          .filter((member) => router.hasUrl(member) && !member.inheritedFrom && !member.kindOf(ReflectionKind.Constructor))
          .map((member) => place(member, `${each.name}.${member.name}`)),
      ]),
  );
}

const summaryOf = ({ comment, signatures = [], getSignature }) => {
  const found = [{ comment }, ...signatures, getSignature].find((each) => each?.comment)?.comment;
  return (found?.summary ?? [])
    .map(({ text }) => text)
    .join('')
    .replace(/\s+/g, ' ')
    .trim();
};
