/** What is drawn, shown or given to a model: which editor the Draw page has for it. */
export type InputKind = 'labels' | 'lines' | 'pictures';

/** A model that comes with the site, or that was added: a row of models/catalogue.json, or one made of a file. */
export interface ModelRow {
  /** Names it in links and in the browser's storage. */
  readonly id: string;
  readonly title: string;
  /** A sentence on what it was trained on, and for how long. */
  readonly about: string;
  /** Its file, relative to models/; none of one that was added. */
  readonly file?: string;
  readonly bytes: number;
  /** SHA-256 of the file in hex, which a download is compared with; none of one that was added. */
  readonly sha256?: string;
  readonly input: InputKind;
  /** The palette of label maps by its name in the library: 'facades'. */
  readonly palette?: string;
  /** Sides at which it is drawn for. */
  readonly size: number;
  readonly licence: string;
  /** Pictures to begin with, relative to models/. */
  readonly examples: readonly string[];
}

const INPUTS: readonly string[] = ['labels', 'lines', 'pictures'] satisfies readonly InputKind[];

/**
 * Reads models/catalogue.json.
 *
 * @throws Error that names the row and what is wrong with it
 */
export function parseCatalogue(text: string): ModelRow[] {
  const { models } = JSON.parse(text) as { models?: unknown };
  if (!Array.isArray(models)) throw new Error('models/catalogue.json has no list "models"');
  return models.map((row: Partial<ModelRow>, at) => {
    const texts = ['id', 'title', 'about', 'file', 'licence', 'sha256'] as const;
    const wrong =
      texts.find((name) => typeof row[name] !== 'string') ?? (['bytes', 'size'] as const).find((name) => !Number.isInteger(row[name]));
    if (wrong) throw new Error(`models/catalogue.json: row ${at + 1} has no ${wrong}`);
    if (!INPUTS.includes(row.input!)) throw new Error(`models/catalogue.json: the input of ${row.id} is none of ${INPUTS.join(', ')}`);
    return { ...row, examples: row.examples ?? [] } as ModelRow;
  });
}
