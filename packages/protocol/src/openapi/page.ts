import type { Content, JsonSchema, OpenApi, Operation, Parameter } from "./description.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: #0b6bcb }
@media (prefers-color-scheme: dark) { :root { --link: #7cb7f5 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
a { color: var(--link) }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line) }
h3 { margin-top: 2.5rem }
h3 small { display: block; font-weight: normal }
code, pre { font: 13px/1.45 ui-monospace, monospace }
pre { white-space: pre-wrap; background: var(--soft); border: 1px solid var(--line); border-radius: 4px; padding: .7rem; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line) }
summary { cursor: pointer; padding: .2rem 0 }
`;

/**
 * A page of an OpenAPI document: without scripts, without anything from elsewhere, in one piece.
 *
 * @param documentUrl where the document itself is
 * @returns the page, and its only style sheet for a `content-security-policy` to name by its hash
 */
export function htmlPage(document: OpenApi, documentUrl: string): { readonly html: string; readonly style: string } {
  const { info, tags, components } = document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Placed => ({ path, method: method.toUpperCase(), operation })),
  );
  const groups = tags.map((tag) => ({
    tag,
    own: operations.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  const contents = groups.map(({ tag, own }) => `<li>${escaped(tag.name)}<ul>${own.map(entry).join("")}</ul></li>`);
  const sections = groups.map(
    ({ tag, own }) => `<h2>${escaped(tag.name)}</h2>${prose(tag.description)}${own.map(section).join("")}`,
  );
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(info.title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(info.title)} ${escaped(info.version)}</h1>
<p>For programs: <a href="${escaped(documentUrl)}">${escaped(documentUrl)}</a> (OpenAPI ${escaped(document.openapi)}).</p>
${prose(info.description)}
<nav><ul>${contents.join("")}</ul></nav>
${sections.join("\n")}
<h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas).map(named).join("\n")}
</body></html>
`;
  return { html, style: STYLE };
}

interface Placed {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function entry({ path, method, operation }: Placed): string {
  const link = `<a href="#${operation.operationId}"><code>${method} ${escaped(path)}</code></a>`;
  return `<li>${link} ${prose(operation.summary, "span")}</li>`;
}

function section({ path, method, operation }: Placed): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const body = requestBody && `<h4>Body</h4>${prose(requestBody.description)}${contents(requestBody.content)}`;
  const answers = Object.entries(responses).map(
    ([status, response]) =>
      `<details${Number(status) < 300 ? " open" : ""}><summary><b>${status}</b> ${prose(response.description, "span")}</summary>` +
      `${contents(response.content)}</details>`,
  );
  return `<section><h3 id="${operationId}"><code>${method} ${escaped(path)}</code><small>${prose(summary, "span")}</small></h3>
${prose(description)}${parameters.length === 0 ? "" : tableOf(parameters)}${body ?? ""}<h4>Answers</h4>${answers.join("\n")}</section>`;
}

function tableOf(parameters: readonly Parameter[]): string {
  const rows = parameters.map(({ in: place, name, description, schema, required }) => {
    const where = `${place}${required ? "" : ", may be absent"}`;
    return `<tr><td><code>${escaped(name)}</code></td><td>${where}</td><td><code>${linked(shape(schema))}</code></td><td>${prose(description, "span")}</td></tr>`;
  });
  return `<h4>Parameters</h4><table>${rows.join("")}</table>`;
}

function contents(content: Content): string {
  return Object.entries(content)
    .map(([type, { schema, examples = {} }]) => {
      const shown = Object.values(examples).map(
        ({ summary, value }) =>
          `<details><summary>Example: ${escaped(summary)}</summary><pre>${escaped(typeof value === "string" ? value : JSON.stringify(value, null, 2))}</pre></details>`,
      );
      return `<p><code>${escaped(type)}</code></p><pre>${linked(shape(schema))}</pre>${shown.join("")}`;
    })
    .join("");
}

function named([name, schema]: [string, JsonSchema]): string {
  const { description, ...rest } = schema;
  const says = typeof description === "string" ? prose(description) : "";
  return `<h3 id="schema-${name}"><code>${name}</code></h3>${says}<pre>${linked(shape(rest))}</pre>`;
}

/** A schema in the words of a programmer: names, types, bounds, what each is for. Names of schemas stand between marks. */
function shape(schema: JsonSchema, indent = ""): string {
  const { $ref, type, properties, items, enum: values, const: constant, additionalProperties } = schema;
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (typeof $ref === "string") return `⟦${$ref.slice($ref.lastIndexOf("/") + 1)}⟧`;
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(alternatives)) return alternatives.map((one: JsonSchema) => shape(one, indent)).join(" | ");
  if (Array.isArray(schema.allOf)) return schema.allOf.map((one: JsonSchema) => shape(one, indent)).join(" & ");
  if (properties !== undefined) return members(schema, indent);
  if (items !== undefined) return `[${shape(items as JsonSchema, indent)}]`;
  if (type === "object" && typeof additionalProperties === "object" && additionalProperties !== null)
    return `{ name: ${shape(additionalProperties as JsonSchema, indent)} }`;
  return `${[type ?? "any"].flat().join(" | ")}${bounds(schema)}`;
}

function members({ properties, required = [], additionalProperties }: JsonSchema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties as Record<string, JsonSchema>).map(([name, member]) => {
    const mark = (required as readonly string[]).includes(name) ? "" : "?";
    const says = typeof member.description === "string" ? `  // ${member.description}` : "";
    return `${inner}${name}${mark}: ${shape(member, inner)}${says}`;
  });
  if (additionalProperties === true) lines.push(`${inner}...`);
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function bounds(schema: JsonSchema): string {
  const { minLength, maxLength, minimum, maximum, pattern, format } = schema;
  const hasMaximum = maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER;
  const parts = [
    format,
    pattern,
    range(minLength, maxLength, " characters"),
    range(minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum, hasMaximum ? maximum : undefined, ""),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

function range(low: unknown, high: unknown, unit: string): string | undefined {
  if (low !== undefined && high !== undefined) return `${low} to ${high}${unit}`;
  if (high !== undefined) return `at most ${high}${unit}`;
  return low === undefined ? undefined : `at least ${low}${unit}`;
}

/** `shape` with its marks taken for links. */
function linked(text: string): string {
  return escaped(text).replace(/⟦(\w+)⟧/g, '<a href="#schema-$1">$1</a>');
}

/** Paragraphs, lists and `code` of Markdown; nothing else of it is used here. */
function prose(markdown: string, tag: "p" | "span" = "p"): string {
  const inline = (part: string) => escaped(part).replace(/`([^`]+)`/g, "<code>$1</code>");
  if (tag === "span") return `<span>${inline(markdown)}</span>`;
  return markdown
    .split(/\n{2,}/)
    .map((block) => {
      if (!block.startsWith("- ")) return `<p>${inline(block)}</p>`;
      const points = block.split(/\n- /).map((point) => `<li>${inline(point.replace(/^- /, ""))}</li>`);
      return `<ul>${points.join("")}</ul>`;
    })
    .join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
