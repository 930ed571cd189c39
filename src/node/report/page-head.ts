import { html, Markup } from './html.js';

/** What differs from page to page before its body. */
export interface PageHead {
  readonly title: string;
  /** What the page may load, as Content-Security-Policy has it. */
  readonly policy: string;
  /** Its style sheet. */
  readonly style: string;
}

/** Renders what every page begins with, up to its body. */
export const pageHead = ({ title, policy, style }: PageHead): Markup => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>`;
