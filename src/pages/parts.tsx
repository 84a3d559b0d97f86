// Small parts of pages: fields, times, marks, lists of what is known.

import type { Child } from "hono/jsx";
import type { Again } from "./desk.ts";
import { fieldOf } from "./layout.tsx";

/** A labelled field of a form, with what was wrong with it. A list of options makes it a choice, rows a text of lines. */
export function Field(props: {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly value?: string | number | null | undefined;
  readonly options?: readonly (readonly [value: string, label: string])[];
  readonly rows?: number;
  readonly type?: string;
  readonly required?: boolean;
  readonly autocomplete?: string;
  readonly again?: Again | undefined;
}) {
  const { name, label, hint, options, rows, type = "text", required, autocomplete = "off", again } = props;
  const value = String(again?.values?.[name] ?? props.value ?? "");
  const wrong = again?.problem?.errors?.filter((error) => fieldOf(error) === name) ?? [];
  const id = `field-${name}`;
  const described = [hint && `${id}-hint`, wrong.length > 0 && `${id}-wrong`].filter(Boolean).join(" ");
  const common = {
    id,
    name,
    ...(required ? { required: true } : {}),
    ...(described === "" ? {} : { "aria-describedby": described }),
    ...(wrong.length > 0 ? { "aria-invalid": "true" } : {}),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <p class="quiet" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {options ? (
        <select {...common}>
          {options.map(([option, text]) => (
            <option value={option} {...(option === value ? { selected: true } : {})}>
              {text}
            </option>
          ))}
        </select>
      ) : rows ? (
        <textarea {...common} rows={rows} spellcheck={false}>
          {`\n${value}`}
        </textarea>
      ) : (
        <input {...common} type={type} value={value} autocomplete={autocomplete} spellcheck={false} />
      )}
      {wrong.length > 0 && (
        <p class="wrong" id={`${id}-wrong`}>
          {wrong.map(({ detail }) => detail).join(" ")}
        </p>
      )}
    </div>
  );
}

/** A form of one button, and what it sends along. */
export function Action(props: {
  readonly to: string;
  readonly label: string;
  readonly values?: Readonly<Record<string, string>>;
  readonly kind?: string;
  readonly disabled?: boolean;
  readonly describedBy?: string;
}) {
  const { to, label, values = {}, kind = "", disabled, describedBy } = props;
  return (
    <form method="post" action={to}>
      {Object.entries(values).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button
        type="submit"
        class={kind}
        {...(disabled ? { disabled: true } : {})}
        {...(describedBy ? { "aria-describedby": describedBy } : {})}
      >
        {label}
      </button>
    </form>
  );
}

/** What can't be undone: said first, done by a second step. */
export function Grave(props: { readonly label: string; readonly children?: Child }) {
  return (
    <details class="grave">
      <summary>{props.label}</summary>
      <div>{props.children}</div>
    </details>
  );
}

/** An instant, to the minute. */
export function Time({ at }: { readonly at: string | null }) {
  return at === null ? <>never</> : <time datetime={at}>{at.slice(0, 16).replace("T", " ")}</time>;
}

/** A word that stands out by more than its colour. */
export function Mark({ kind, children }: { readonly kind: string; readonly children?: Child }) {
  return <span class={`mark ${kind}`}>{children}</span>;
}

/** What is known of something; what is not is left out. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: Child])[] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** The way to what is older. */
export function Older({
  cursor,
  path,
}: {
  readonly cursor: string | null | undefined;
  readonly path: string;
}) {
  return cursor ? (
    <p>
      <a href={`${path}?cursor=${encodeURIComponent(cursor)}`}>More</a>
    </p>
  ) : null;
}
