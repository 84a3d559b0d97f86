// The API's reference as a page, made of the OpenAPI document: no script, nothing from elsewhere.

import type { ApiDocument, DescribedOperation, JsonSchema } from "../api/openapi.ts";

/** The whole page. */
export function Reference({ document }: { document: ApiDocument }) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? "");
  const [lead = "", ...more] = document.info.description.split("\n\n");
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Countersign: the HTTP API</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#operations">
          Skip to the operations
        </a>
        <header>
          <h1>Countersign: the HTTP API</h1>
          <p>{lead}</p>
          {more.map((paragraph) => (
            <p>{inline(paragraph)}</p>
          ))}
          <p>
            The same for programs: <a href="/openapi.json">openapi.json</a>, OpenAPI 3.1.
          </p>
        </header>
        <nav aria-label="Operations">
          {[...tags].map(([tag, members]) => (
            <div>
              <p class="tag">{tag}</p>
              <ul>
                {members.map(({ operation }) => (
                  <li>
                    <a href={`#${operation.operationId}`}>{operation.summary}</a>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <main id="operations">
          {[...tags].map(([tag, members]) => (
            <section>
              <h2>{tag}</h2>
              {members.map((member) => (
                <Operation {...member} document={document} />
              ))}
            </section>
          ))}
          <section>
            <h2>problems</h2>
            <Problems document={document} />
          </section>
        </main>
      </body>
    </html>
  );
}

interface Member {
  readonly path: string;
  readonly method: string;
  readonly operation: DescribedOperation;
}

function Call({ method, path }: { method: string; path: string }) {
  return (
    <code>
      <span class="method">{method.toUpperCase()}</span> {path}
    </code>
  );
}

function Operation({ path, method, operation, document }: Member & { document: ApiDocument }) {
  const { operationId, summary, description, security, parameters, requestBody, responses } = operation;
  const scope = security.flatMap(({ token = [] }) => token)[0];
  const body = requestBody?.content["application/json"];
  const types = Object.keys(requestBody?.content ?? {});
  const success = Object.entries(responses).filter(([status]) => status < "300");
  const answer = success[0]?.[1].content?.["application/json"];
  return (
    <article id={operationId}>
      <h3>
        <Call method={method} path={path} />
      </h3>
      <p>
        {summary}.{" "}
        <span class="quiet">
          {scope === undefined ? (
            "No token is needed."
          ) : (
            <>
              Scope: <code>{scope}</code>.
            </>
          )}
        </span>
      </p>
      {description && <p>{inline(description)}</p>}
      {parameters.length > 0 && (
        <Fields
          title="Parameters"
          rows={parameters.map(({ name, in: place, description: text, schema }) => ({
            name,
            required: place === "path",
            type: typeOf(schema, document),
            note: text,
          }))}
        />
      )}
      {body && (
        <>
          <Schema title={`Body: ${types.join(", ")}`} schema={body.schema} document={document} />
          <Example value={body.example} />
        </>
      )}
      <h4>Answer: {success.map(([status, { description: text }]) => `${status} ${text}`).join(", ")}</h4>
      {answer && (
        <>
          <Schema schema={answer.schema} document={document} />
          <Example value={answer.example} />
        </>
      )}
      <h4>Problems</h4>
      <p>
        {problemsIn(responses).map((type) => (
          <>
            <a href={`#problem-${type}`}>{type}</a>{" "}
          </>
        ))}
      </p>
    </article>
  );
}

function Problems({ document }: { document: ApiDocument }) {
  return (
    <dl>
      {Object.entries(document.components.examples).map(([type, { value }]) => (
        <>
          <dt id={`problem-${type}`}>
            {value.status} <code>{type}</code>
          </dt>
          <dd>
            {value.title} <span class="quiet">{value.detail}</span>
          </dd>
        </>
      ))}
    </dl>
  );
}

interface Row {
  readonly name: string;
  readonly required: boolean;
  readonly type: string;
  readonly note?: string;
}

function Schema(props: { title?: string; schema: JsonSchema; document: ApiDocument }) {
  const { title, document } = props;
  const schema = resolve(props.schema, document);
  const alternatives = schema.oneOf ?? schema.anyOf ?? [schema];
  return (
    <>
      {alternatives.map((alternative, at) => (
        <Fields
          {...(at === 0 ? (title === undefined ? {} : { title }) : { title: "or" })}
          rows={rowsOf(resolve(alternative, document), document)}
        />
      ))}
    </>
  );
}

function Fields({ title, rows }: { title?: string; rows: readonly Row[] }) {
  return (
    <>
      {title && <h4>{title}</h4>}
      {rows.length > 0 && (
        <div class="wide" tabindex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, required, type, note }) => (
                <tr>
                  <td>
                    <code>{name}</code>
                    {!required && <span class="quiet"> optional</span>}
                  </td>
                  <td>
                    {type}
                    {note && <span class="quiet">: {note}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Example({ value }: { value: unknown }) {
  if (value === undefined) return null;
  return (
    <pre tabindex={0}>
      <code>{JSON.stringify(value, null, 2)}</code>
    </pre>
  );
}

/** Text with its code marked as such. */
function inline(text: string) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? <code>{part}</code> : part));
}

function problemsIn(responses: DescribedOperation["responses"]): string[] {
  return Object.values(responses).flatMap(({ content }) =>
    Object.keys(content?.["application/problem+json"]?.examples ?? {}),
  );
}

function resolve(schema: JsonSchema, { components }: ApiDocument): JsonSchema {
  return schema.$ref === undefined ? schema : (components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
}

/** A row for each field, those within lists and objects included. */
function rowsOf(schema: JsonSchema, document: ApiDocument, within = ""): Row[] {
  const required = schema.required ?? [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const inner = innerOf(field);
    const row = {
      name: within + name,
      required: required.includes(name),
      type: typeOf(field, document),
      ...(field.description === undefined ? {} : { note: field.description }),
    };
    return inner === null
      ? [row]
      : [row, ...rowsOf(inner.schema, document, `${within}${name}${inner.mark}.`)];
  });
}

/** The object that a field is, or is a list or map of. */
function innerOf(field: JsonSchema): { schema: JsonSchema; mark: string } | null {
  if (field.properties !== undefined) return { schema: field, mark: "" };
  if (field.items?.properties !== undefined) return { schema: field.items, mark: "[]" };
  return null;
}

/** What a value may be, in words. */
function typeOf(schema: JsonSchema, document: ApiDocument): string {
  const known = resolve(schema, document);
  const alternatives = known.anyOf ?? known.oneOf;
  if (alternatives !== undefined) return alternatives.map((each) => typeOf(each, document)).join(" or ");
  if (known.const !== undefined) return JSON.stringify(known.const);
  if (known.enum !== undefined) return known.enum.map((value) => JSON.stringify(value)).join(", ");
  if (known.type === "array") return `list of: ${typeOf(known.items ?? {}, document)}`;
  if (known.type === "object") return describeObject(known, document);
  if (known.format === "date-time") return "time, RFC 3339";
  if (known.minimum !== undefined) return `${known.type}, ${known.minimum} to ${known.maximum}`;
  return known.type ?? "any value";
}

function describeObject(
  { additionalProperties, properties = {} }: JsonSchema,
  document: ApiDocument,
): string {
  if (typeof additionalProperties === "object") return `map to: ${typeOf(additionalProperties, document)}`;
  const names = Object.entries(properties).map(([name, field]) =>
    field.const === undefined ? name : `${name}: ${JSON.stringify(field.const)}`,
  );
  return names.length === 0 ? "object" : `{${names.join(", ")}}`;
}
