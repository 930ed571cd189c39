import type { VNode } from 'preact';

/** The page Lab. */
export default function LabPage(): VNode {
  return <h1>Lab</h1>;
}
