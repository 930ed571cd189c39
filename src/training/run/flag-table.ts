export interface FlagCommon<Name extends string, Value> {
  /** The name, without the leading dashes; words joined by `-`. */
  readonly name: Name;
  /** What the help says of the flag. */
  readonly description: string;
  /** What stands for the value in the help, such as `DIR`; by default made from the type. */
  readonly placeholder?: string;
  /** The heading that it has in the help, such as `Data`, beside other flags of that group. */
  readonly group?: string;
  /** What pytorch-CycleGAN-and-pix2pix calls it: these names are taken, too. What they mean beyond that, reference-options.ts says. */
  readonly reference?: readonly string[];
  /** A value that is right, for errors that say what to write; by default the placeholder stands there. */
  readonly example?: string;
  /** Says what is expected when the value is wrong, or nothing when it is right. Runs after the range check. */
  readonly check?: (value: Value) => string | undefined;
  /** Values that are known, of a flag that takes others, too: the nearest is named where one is wrong. */
  readonly known?: readonly string[];
  /** The flag beside which alone it means something, or one value of that flag: typed without, it is refused. */
  readonly needs?: { readonly flag: string; readonly value?: string };
  /** Flags that mean nothing beside it: typed together, they are refused. */
  readonly excludes?: readonly string[];
  /** Flags that mean something beside one that makes the program do something else: typed with any other, it is refused. */
  readonly alone?: readonly string[];
}

/** A flag that takes a number, or a whole number. */
export interface NumberFlag extends FlagCommon<string, number> {
  /** Whether it takes any number or a whole one. */
  readonly type: 'number' | 'integer';
  /** The smallest number that it takes. */
  readonly min?: number;
  /** The largest number that it takes. */
  readonly max?: number;
  /** What it is when its name stands alone. By default it is not complete without a value. */
  readonly bare?: number;
  /** What it is when it is not given. Default `undefined`. */
  readonly default?: number;
}

/** A flag that takes a text, such as a path. */
export interface StringFlag extends FlagCommon<string, string> {
  /** The kind of flag. */
  readonly type: 'string';
  /** What it is when it is not given. Default `undefined`. */
  readonly default?: string;
}

/** A flag that takes all the words up to the next flag, as a shell's `*.jpg` makes them; never none. */
export interface ListFlag extends FlagCommon<string, string> {
  /** The kind of flag. */
  readonly type: 'list';
}

/** A flag that takes one of some words. */
export interface ChoiceFlag extends FlagCommon<string, string> {
  /** The kind of flag. */
  readonly type: 'choice';
  /** The words. */
  readonly choices: readonly string[];
  /** What it is when it is not given. Default `undefined`. */
  readonly default?: string;
}

/** A flag that is there or not: `--name`, `--no-name`. */
export interface BooleanFlag extends FlagCommon<string, boolean> {
  /** The kind of flag. */
  readonly type: 'boolean';
  /**
   * What it is when it is not given. Default `false`. Where it is `true`, the help shows `--no-name`: let the description say what that
   * does.
   */
  readonly default?: boolean;
  /** The flag that takes what people write behind this one, such as the folder that is meant: an error says so. */
  readonly takenBy?: string;
}

/** A flag of a program. */
export type Flag = NumberFlag | StringFlag | ListFlag | ChoiceFlag | BooleanFlag;

/** The table of a command-line program: its flags, and what its help says. */
export interface Program {
  /** How it is called, such as `npx shadegrad train [flags]`. */
  readonly usage: string;
  /** What it does, in a sentence or two. */
  readonly summary: string;
  /** The flags that it takes. */
  readonly flags: readonly Flag[];
  /** Flags that it has when it is called otherwise, and how, such as `--scheme cyclegan`, to say so to whoever writes them. */
  readonly foreign?: readonly { readonly flag: Flag; readonly owner: string }[];
  /** Options of pytorch-CycleGAN-and-pix2pix that are fixed here, each with its value: no flag is needed for that, any other is refused. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Options of pytorch-CycleGAN-and-pix2pix that are left aside, with a note, because the run that the program reads says them. */
  readonly saidByRun?: readonly string[];
  /** What a flag is wherever it is not given, where that is one value: for options of the reference program that are counted by it. */
  readonly usual?: Readonly<Record<string, string>>;
  /** Flags of which one alone is given: one that is typed takes the place of all of them in a file of flags. */
  readonly alternatives?: readonly (readonly string[])[];
  /** Sets of flags, by the names that the value of one flag is: what a file of flags says wins over them, and what is typed over both. */
  readonly sets?: { readonly flag: string; of(name: string): Readonly<Record<string, unknown>> | undefined };
  /** Whether it takes words that belong to no flag, such as names of files. */
  readonly takesOperands?: boolean;
  /** The programs that it runs when their name is its first word, for the help. */
  readonly commands?: readonly { readonly name: string; readonly description: string }[];
  /** Calls that the help shows, each with what it does. */
  readonly examples?: readonly { readonly command: string; readonly description: string }[];
}
