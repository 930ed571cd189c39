import type { VNode } from 'preact';

/** The page Learn. */
export default function LearnPage(): VNode {
  return <h1>Learn</h1>;
}
