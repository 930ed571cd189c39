import { html, type Markup } from '../report/html.js';

/** A file of a page that a server of this machine gives. */
export interface Asset {
  /** Its type, as the header of its answer has it. */
  readonly type: string;
  readonly body: Uint8Array;
}

/** A file of a page that is text. @param type without what says how it is encoded */
export const textAsset = (type: string, text: string): Asset => ({ type: `${type}; charset=utf-8`, body: Buffer.from(text) });

/** The document of a page. @param head what its head has beside the title */
export const pageAsset = (title: string, head: Markup, body: Markup): Asset =>
  textAsset(
    'text/html',
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${head}
</head>
<body>
${body}
</body>
</html>
`.text,
  );

/** An icon of a page: what is drawn on 16 by 16 units. */
export const iconAsset = (drawn: string): Asset =>
  textAsset('image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${drawn}</svg>`);
