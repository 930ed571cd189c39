import type { ComponentChildren, VNode } from 'preact';

/** A part that may be wider or higher than its place, and scrolls, also from the keyboard. */
export function Scroll(props: { readonly label: string; readonly class: string; readonly children: ComponentChildren }): VNode {
  const { label, children } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached from the keyboard
    <section class={props.class} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
