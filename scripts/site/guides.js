/** The heading of what is not read from its beginning to its end; the reference stands below it, too. */
export const LOOK_UP = 'To look things up';

/**
 * The pages of the documentation, in the order of the navigation: each is a Markdown file of the project. What is in docs/ and has no row
 * here is complained of.
 */
export const GUIDES = [
  {
    title: 'Start',
    files: ['README.md', 'docs/pix2pix.md', 'docs/data.md', 'docs/runs.md', 'docs/dashboard.md', 'docs/demo.md'],
  },
  { title: LOOK_UP, files: ['docs/options.md'] },
  {
    title: 'Results',
    files: [
      'docs/evaluation.md',
      'docs/human-evaluation.md',
      'docs/features.md',
      'docs/experiments.md',
      'docs/papers.md',
      'docs/benchmarks.md',
      'docs/publishing.md',
    ],
  },
  {
    title: 'The library',
    files: [
      'docs/browser.md',
      'docs/coming-from-pytorch.md',
      'docs/modules.md',
      'docs/operations.md',
      'docs/optimisers.md',
      'docs/extending.md',
      'docs/family.md',
      'docs/schemes.md',
      'docs/weights.md',
      'docs/checkpoint-format.md',
    ],
  },
  {
    title: 'Inside',
    files: [
      'docs/architecture.md',
      'docs/kernels.md',
      'docs/rejected-optimizations.md',
      'docs/drivers.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
    ],
  },
];

/** What the navigation calls pages whose headings are too long for it, or say nothing there. */
export const SHORT_TITLES = {
  'README.md': 'Overview',
  'docs/drivers.md': 'WebGPU drivers',
  'docs/features.md': 'FID, KID and LPIPS',
  'docs/optimisers.md': 'Optimisers and schedules',
};

/** Where the page of a Markdown file lies in the site. */
export const pageOf = (file) =>
  file === 'README.md'
    ? 'docs/index.html'
    : `docs/${file
        .replace(/^docs\//, '')
        .replace(/\.md$/, '')
        .toLowerCase()}.html`;
