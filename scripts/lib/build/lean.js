import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { ABSENT } from './lean-entries.js';

const require = createRequire(import.meta.url);

/** Applies [start, end, text] edits to a text: of one within another, the outer. */
function edited(text, edits) {
  let result = '';
  let at = 0;
  for (const [start, end, replacement] of edits.sort(([a], [b]) => a - b)) {
    if (start < at) continue;
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}

/** Every node of a tree, parents first; `visit` says false where what lies below is of no interest. */
function walk(ts, node, visit) {
  if (visit(node) === false) return;
  ts.forEachChild(node, (child) => walk(ts, child, visit));
}

/** Operations without their gradients: `track(name, inputs, result, rule)` is `result` where nothing is noted down. */
function withoutRules(ts, file) {
  const edits = [];
  walk(ts, file, (node) => {
    if (!ts.isCallExpression(node) || node.expression.getText(file) !== 'track' || node.arguments.length !== 4) return true;
    const [, , result] = node.arguments;
    edits.push([node.getStart(file), result.getStart(file), '('], [result.getEnd(), node.getEnd(), ')']);
    walk(ts, result, (inner) => {
      if (ts.isCallExpression(inner) && inner.expression.getText(file) === 'track')
        throw new Error('track() within the result of a track()');
      return true;
    });
    return false;
  });
  return edits;
}

/** The rows of networks without some of their parts. */
function withoutParts(ts, file, parts) {
  const edits = [];
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { type, initializer } of statement.declarationList.declarations) {
      if (!type?.getText(file).startsWith('NetworkKind') || !initializer || !ts.isObjectLiteralExpression(initializer)) continue;
      for (const property of initializer.properties) {
        if (!parts.includes(property.name?.getText(file))) continue;
        const comma = file.text.slice(property.getEnd()).startsWith(',') ? 1 : 0;
        edits.push([property.getStart(file), property.getEnd() + comma, '']);
      }
    }
  }
  return edits;
}

/** Names of what stands in lists of rows, or nothing for those that stay as they are. */
function withRows(ts, file, rows) {
  const edits = [];
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      const kept = rows[name.getText(file)];
      if (!kept) continue;
      let list = initializer;
      while (ts.isAsExpression(list)) list = list.expression;
      const elements = list.elements ?? list.properties;
      const texts = elements.map((element) => element.getText(file));
      for (const each of kept) if (!texts.includes(each)) throw new Error(`${file.fileName} has no row ${each}`);
      edits.push([elements.pos, elements.end, kept.join(', ')]);
    }
  }
  return edits;
}

/** Texts of the command line in the rows of options: pages have no help to show. */
const HELP = { description: 'isStringLiteralLike', group: 'isStringLiteralLike', reference: 'isArrayLiteralExpression' };

function withoutHelp(ts, file) {
  const edits = [];
  walk(ts, file, (node) => {
    if (!ts.isPropertyAssignment(node)) return true;
    const kind = HELP[node.name.getText(file)];
    const isHelp = kind && (ts[kind](node.initializer) || ts.isTemplateExpression(node.initializer));
    if (isHelp) edits.push([node.getStart(file), node.getEnd(), '...{}']);
    return !isHelp;
  });
  return edits;
}

/** Classes by their names with nothing in them: whoever makes one gets an error. */
function withoutClasses(ts, file, names, absent) {
  const edits = [];
  for (const node of file.statements) {
    if (!ts.isClassDeclaration(node) || !names.includes(node.name.text)) continue;
    edits.push([node.name.getEnd(), node.getEnd(), ` { constructor() { ${absent} } }`]);
  }
  if (edits.length < names.length) throw new Error(`${file.fileName} has not all of ${names.join(', ')}`);
  return edits;
}

/** Functions and methods by their names with other bodies. */
function withBodies(ts, file, bodies) {
  const left = new Map(Object.entries(bodies));
  const edits = [];
  walk(ts, file, (node) => {
    const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
    const body = isFunction && node.body ? left.get(node.name.getText(file)) : undefined;
    if (body === undefined) return true;
    left.delete(node.name.getText(file));
    edits.push([node.body.getStart(file), node.body.getEnd(), `{ ${body} }`]);
    return false;
  });
  if (left.size > 0) throw new Error(`${file.fileName} has no ${[...left.keys()].join(', ')}`);
  return edits;
}

/** A call at the start of a top-level constant, which makes a value and changes nothing: a bundler may leave out what nobody uses. */
const MADE = /^((?:export )?const [\w$]+(?::[^=\n]+)? = )(?=(?:new )?[\w$.]+(?:<[^=\n]*>)?\()/gm;

/** Marks what makes top-level constants, for tree shaking. */
export const withPureConstants = (text) => text.replace(MADE, '$1/* @__PURE__ */ ');

/** Marks a path that is being resolved. */
const SEEN = Symbol('seen');

/**
 * For esbuild: the sources without what a lean entry does without.
 *
 * @param {import('./lean-entries.js').LeanEntry} entry
 */
export const leanSources = ({
  gradients,
  replaced = {},
  rows = {},
  bodies = {},
  networkParts = [],
  classes = {},
  help = true,
  shaders = [],
}) => ({
  name: 'lean-sources',
  setup({ resolve, onResolve, onLoad, onEnd }) {
    const ts = require('typescript-5');
    const unused = new Set([...Object.keys(replaced), ...Object.keys(rows), ...Object.keys(bodies), ...Object.keys(classes)]);
    // package.json keeps the sources whole, for the tests; here a module is there for what is imported of it.
    onResolve({ filter: /^\./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === SEEN || kind === 'entry-point') return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: SEEN });
      return { ...found, pluginData: undefined, sideEffects: false };
    });
    onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, async ({ path }) => {
      const [, before, place] = /^(.*[/\\]src)[/\\](.*)$/.exec(path);
      const key = place.replaceAll('\\', '/');
      unused.delete(key);
      if (key in replaced) {
        const other = join(before, replaced[key]);
        return { contents: await readFile(other, 'utf8'), loader: 'ts', resolveDir: dirname(other) };
      }
      const text = await readFile(path, 'utf8');
      const edits = [];
      let tree;
      // Reading a file takes time, and most of them stay as they are.
      const parsed = () => (tree ??= ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true));
      if (!gradients && key.startsWith('autograd/ops/') && text.includes('track(')) edits.push(...withoutRules(ts, parsed()));
      if (key.startsWith('models/') && text.includes(': NetworkKind<')) edits.push(...withoutParts(ts, parsed(), networkParts));
      if (key in rows) edits.push(...withRows(ts, parsed(), rows[key]));
      if (key in bodies) edits.push(...withBodies(ts, parsed(), bodies[key]));
      if (key in classes) edits.push(...withoutClasses(ts, parsed(), classes[key], ABSENT));
      if (!help && /^(schemes|training)\//.test(key) && /\b(description|group|reference): /.test(text))
        edits.push(...withoutHelp(ts, parsed()));
      return { contents: withPureConstants(edited(text, edits)), loader: 'ts' };
    });
    onLoad({ filter: /\.wgsl$/ }, ({ path }) => {
      const left = shaders.find((name) => path.replaceAll('\\', '/').endsWith(`/shaders/${name}`));
      return left && { contents: '', loader: 'text' };
    });
    onEnd(() => {
      if (unused.size > 0) throw new Error(`no part of the lean entry: ${[...unused].join(', ')}`);
    });
  },
});
