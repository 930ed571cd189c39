import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Application, Comment, CommentTag, Converter, Logger, LogLevel, ReflectionKind } from 'typedoc';
import { CATEGORIES, categoryOf } from './categories.js';
import { NOT_EXPORTED, UNDOCUMENTED_FILES } from './exceptions.js';
import { placesOf, useLayout } from './theme.js';

/** The entries whose exports are described: what is not among the first one's is told once, with the entry that has it. */
const ENTRIES = ['src/index.ts', 'src/node/index.ts', 'src/web/index.ts', 'src/web/canvas/index.ts', 'src/web/worker/index.ts'];

/** Keeps what typedoc complains about, for people and for the test. */
class Complaints extends Logger {
  lines = [];

  addContext(message) {
    return message;
  }

  log(message, level) {
    if (level >= LogLevel.Warn) this.lines.push(message.replace(/\x1b\[[0-9;]*m/g, ''));
  }
}

/**
 * Makes the reference, or only looks whether it can be made.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} [options.out] the folder for the pages, none to check alone
 * @param {(page: { url: string, title: string, body: string }) => string} [options.layout] makes the pages, in the place of typedoc
 * @param {string} [options.repository] the address of the folder of the sources, which links lead to
 * @param {{ NOT_EXPORTED: string[], UNDOCUMENTED_FILES: string[] }} [options.exceptions] what is let pass
 * @returns {Promise<{ complaints: string[], names: string[], places: { name: string, kind: string, url: string, text: string }[] }>}
 *   what is wrong, so that no pages are written; every exported name; and where it and its members are described
 */
export async function makeReference({ root, out, layout, repository, exceptions = { NOT_EXPORTED, UNDOCUMENTED_FILES } }) {
  const app = await Application.bootstrap({
    name: 'shadegrad',
    entryPoints: ENTRIES.map((file) => join(root, file)),
    tsconfig: join(root, 'scripts/reference/tsconfig.json'),
    basePath: root,
    readme: 'none',
    // The compiler of the project has the say about types, and typedoc's is another one.
    skipErrorChecking: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    // The entries of Node and of browsers export all that the shared one does.
    excludeReferences: true,
    // Where a declaration stands is told without asking git, whose remotes differ.
    disableGit: true,
    sourceLinkTemplate: '{path}',
    sort: ['source-order'],
    categorizeByGroup: false,
    categoryOrder: [...CATEGORIES, '*'],
    useFirstParagraphOfCommentAsSummary: true,
    navigation: { includeCategories: true, includeGroups: false },
    validation: { notExported: true, invalidLink: true, invalidPath: true, unusedMergeModuleWith: true },
    intentionallyNotExported: exceptions.NOT_EXPORTED,
    githubPages: false,
  });
  const logger = new Complaints();
  app.logger = logger;
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    documentMethods(project);
    for (const reflection of exportsOf(project)) addCategory(reflection, root, logger);
    checkDocstrings(project, exceptions.UNDOCUMENTED_FILES, logger);
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const { sources = [] } of Object.values(project.reflections))
      for (const source of sources) {
        if (repository) source.url = `${repository}/${source.fileName}#L${source.line}`;
        else delete source.url;
      }
  });
  const router = layout && useLayout(app, layout);
  const project = await app.convert();
  const names = project ? exportsOf(project).map(({ name }) => name) : [];
  if (project) app.validate(project);
  let places = [];
  if (project && out && logger.lines.length === 0) {
    rmSync(out, { recursive: true, force: true });
    await app.generateDocs(project, out);
    if (layout) {
      rmSync(join(out, 'assets'), { recursive: true });
      places = placesOf(project, router());
    }
  }
  return { complaints: logger.lines, names, places };
}

const exportsOf = (project) => (project.children ?? []).flatMap((module) => module.children ?? []);

/** Files a declaration under the category of its source file. */
function addCategory(reflection, root, logger) {
  const [source] = reflection.sources ?? [];
  const file = source && relative(root, source.fullFileName).replaceAll('\\', '/');
  const category = file && categoryOf(file);
  if (!category) {
    logger.warn(`${reflection.getFullName()}, defined in ${file}, has no category: give its file one in scripts/reference/categories.js`);
    return;
  }
  for (const each of reflection.signatures ?? [reflection]) {
    each.comment ??= new Comment();
    each.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
  }
}

/** Methods of tensors that are functions, too, say what the functions do. */
function documentMethods(project) {
  const functions = new Map(exportsOf(project).map((reflection) => [reflection.name, commentOf(reflection)]));
  const tensor = exportsOf(project).find(({ name }) => name === 'Tensor');
  for (const method of tensor?.children ?? []) {
    const comment = functions.get(method.name);
    if (commentOf(method) || !comment) continue;
    method.comment = comment.clone();
    // The tensor is not among the method's parameters, and the others are listed with the function.
    method.comment.blockTags = method.comment.blockTags.filter(({ tag }) => tag !== '@param');
  }
}

/** First sentences that name no subject, a formula alone among them: a docstring is read alone, in a hint or on its page. */
const NO_SUBJECT = /^(?:likewise|the same|default|see|as)\b|^(?!.*\p{L}{3})/iu;

/**
 * Complains of every exported name, and every public member of a class or interface, without a docstring of its own whose first
 * sentence names its subject. typedoc's own check counts a comment of tags alone, and one that a type inherits.
 */
function checkDocstrings(project, undocumentedFiles, logger) {
  const excused = new Set();
  const owners = new Map();
  const complain = (reflection, what) => {
    const file = reflection.sources?.[0]?.fileName;
    if (undocumentedFiles.includes(file)) excused.add(file);
    else logger.warn(`${reflection.getFullName()}, defined in ${file}, ${what}`);
  };
  for (const reflection of exportsOf(project)) {
    for (const each of [reflection, ...(reflection.children ?? [])]) {
      // A constructor that nobody wrote has no source.
      if (each.inheritedFrom || (each.kindOf(ReflectionKind.Constructor) && !each.sources)) continue;
      const text = summaryOf(each);
      const owner = each === reflection && text !== '' ? owners.get(text) : undefined;
      if (text === '') complain(each, 'has no docstring');
      else if (NO_SUBJECT.test(firstSentence(text))) complain(each, `has a docstring whose first sentence names no subject: ${text}`);
      else if (owner) complain(each, `has no docstring but that of ${owner}`);
      if (each === reflection) owners.set(text, each.name);
    }
  }
  for (const file of undocumentedFiles) {
    if (!excused.has(file)) logger.warn(`${file} is documented by now: take it out of scripts/reference/exceptions.js`);
  }
}

const firstSentence = (text) => text.split(/[.:;](?:\s|$)/, 1)[0];

const summaryOf = (reflection) =>
  (commentOf(reflection)?.summary ?? [])
    .map(({ text }) => text)
    .join('')
    .trim();

/** The comment of a declaration, or of the first of its signatures that has one. */
function commentOf({ comment, signatures = [], getSignature }) {
  return [{ comment }, ...signatures, getSignature].find((each) => each?.comment)?.comment;
}
