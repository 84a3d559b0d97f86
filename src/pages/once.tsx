// What is shown once: it has been made, and nothing keeps its text.

import { show, type Visit } from "./desk.ts";
import { Page } from "./layout.tsx";

/** @param what it is of, as a part of a sentence */
export function Once({ what, text }: { readonly what: string; readonly text: string }) {
  return (
    <div class="done" role="status">
      <p>This is {what}, shown this once:</p>
      <p>
        <code>{text}</code>
      </p>
    </div>
  );
}

/** The page with it; where that can't be shown any more, it alone. */
export async function showOnce(
  visit: Visit,
  page: Promise<Response>,
  what: string,
  text: string,
): Promise<Response> {
  return page.catch(() =>
    show(
      visit,
      <Page title="Shown once" caller={visit.var.caller}>
        <h1>Shown once</h1>
        <Once what={what} text={text} />
      </Page>,
    ),
  );
}
