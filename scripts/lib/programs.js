// The command lines of the scripts that take flags: tables like those of the programs in src/node/programs.

/** The command line of `npm test`. */
export const TEST_PROGRAM = {
  usage: 'npm test -- [NAME ...] [flags]',
  summary:
    'Checks format, lint and types, then runs every test in Node and those of kernels in headless Chromium, too; with names, the ' +
    'test files alone whose paths contain one of them.',
  takesOperands: true,
  flags: [
    {
      name: 'driver',
      type: 'string',
      placeholder: 'LIST',
      description:
        'adapters to test on, separated by commas: auto, hardware, software, lavapipe, swiftshader; by default what SHADEGRAD_ADAPTER ' +
        'says, else auto. On all but the first only the kernel tests run, and on SwiftShader none of those that run in Chromium, ' +
        'which has it',
    },
    { name: 'browser', type: 'choice', choices: ['on', 'off'], default: 'on', description: 'the kernel tests in headless Chromium, too' },
    { name: 'jobs', type: 'integer', min: 1, default: 2, description: 'test files at a time' },
    { name: 'timeout', type: 'number', min: 1, default: 600, placeholder: 'SECONDS', description: 'the longest that a file may take' },
    { name: 'verbose', type: 'boolean', description: 'show the output of files that pass, too' },
  ],
  examples: [{ command: 'npm test -- conv2d --browser off --driver lavapipe', description: 'One kernel, in Node, on one adapter:' }],
};

/** The command line of `node scripts/run-one-test.js`. */
export const ONE_TEST_PROGRAM = {
  usage: 'node scripts/run-one-test.js FILE [flags]',
  summary: 'Runs one test file in a Node process of its own.',
  takesOperands: true,
  flags: [
    {
      name: 'driver',
      type: 'string',
      placeholder: 'NAME',
      description: 'adapter to test on: auto, hardware, software, lavapipe, swiftshader; by default what SHADEGRAD_ADAPTER says, else auto',
    },
  ],
};
