// The app: one page, its parts loaded when they are first opened.
import { render } from 'preact';
import { App } from './shell/app.js';

const root = document.getElementById('app')!;
root.replaceChildren();
render(<App />, root);
