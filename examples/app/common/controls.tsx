import type { ComponentChildren, VNode } from 'preact';
import { useId, useRef } from 'preact/hooks';

/** A range with its name and its value in words. */
export function Slider(props: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly words?: string;
  readonly disabled?: boolean;
  onInput(value: number): void;
}): VNode {
  const { label, value, min, max, step = 1, words, disabled = false, onInput } = props;
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        {...{ min, max, step, value, disabled }}
        aria-valuetext={words}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
      <output for={id}>{words ?? value}</output>
    </div>
  );
}

/** A choice of one among a few. */
export function Choice<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly disabled?: boolean;
  onChange(value: Value): void;
}): VNode {
  const { label, value, options, disabled = false, onChange } = props;
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value as Value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A button that stays down while what it says is on. */
export function Toggle(props: {
  readonly label: ComponentChildren;
  readonly on: boolean;
  readonly title?: string;
  readonly disabled?: boolean;
  onChange(on: boolean): void;
}): VNode {
  const { label, on, title, disabled = false, onChange } = props;
  return (
    <button type="button" aria-pressed={on} title={title} disabled={disabled} onClick={() => onChange(!on)}>
      {label}
    </button>
  );
}

/** A switch with words beside it. */
export function Check(props: {
  readonly label: string;
  readonly on: boolean;
  readonly disabled?: boolean;
  onChange(on: boolean): void;
}): VNode {
  const { label, on, disabled = false, onChange } = props;
  return (
    <label class="check">
      <input type="checkbox" checked={on} disabled={disabled} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

/** A button that opens the browser's choice of files; `folder` lets one choose a whole folder. */
export function FileButton(props: {
  readonly label: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly folder?: boolean;
  readonly disabled?: boolean;
  onFiles(files: readonly File[]): void;
}): VNode {
  const { label, accept, multiple = false, folder = false, disabled = false, onFiles } = props;
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        {...{ accept, multiple, webkitdirectory: folder }}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          // The same file may be chosen again.
          event.currentTarget.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
    </>
  );
}

/** How far something has come; without a share, only that it goes on. */
export function Progress(props: { readonly label: string; readonly share?: number; readonly words?: string }): VNode {
  const { label, share, words } = props;
  const id = useId();
  return (
    <div class="progress">
      <label for={id}>{label}</label>
      <progress id={id} max={1} {...(share !== undefined && { value: Math.min(1, share) })} />
      {words && <span class="quiet">{words}</span>}
    </div>
  );
}
