import type { ReactNode } from "react";
import { useId } from "react";
import { texts } from "./texts.ts";
import type { Answer } from "./till-api.ts";

/** A part of a screen under its heading. */
export function Panel({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

interface LoadedProps<T> {
  readonly answer: Answer<T> | null;
  readonly children: (data: T) => ReactNode;
}

/** What a route answered, or in its place why there is nothing. */
export function Loaded<T>({ answer, children }: LoadedProps<T>) {
  if (answer === null) return <p className="quiet">{texts.loading}</p>;
  if (answer.ok) return children(answer.data);
  return <p className="quiet">{answer.missing ? texts.missing : answer.message}</p>;
}

/** A fact with its name; inside a `dl`. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
