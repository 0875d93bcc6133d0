import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DEFAULT_ETIMS_SETTINGS,
  ETIMS_FAULTS,
  etimsMachine,
  etimsSettings,
} from "@tillsync/connectors/etims/simulator";
import {
  DEFAULT_MPESA_SETTINGS,
  ERRORS,
  MPESA_FAULTS,
  mpesaMachine,
  mpesaSettings,
} from "@tillsync/connectors/mpesa/simulator";
import { expect, it } from "vitest";
import type { z } from "zod";
import { ROOT, readPage } from "./testing/markdown.ts";

const PATH = "docs/simulators.md";

interface Route {
  readonly method: string;
  readonly path: string;
  readonly says: string;
}

/** Each table of the page, as the code has it. */
const TABLES: Readonly<Record<string, string>> = {
  "etims faults": faults(ETIMS_FAULTS),
  "mpesa faults": faults(MPESA_FAULTS),
  "mpesa errors": table(
    ["name", "HTTP", "errorCode", "errorMessage"],
    Object.entries(ERRORS).map(([name, [status, code, text]]) => [
      `\`${name}\``,
      String(status),
      code,
      text || "(empty)",
    ]),
  ),
  "etims settings": settings(etimsSettings, DEFAULT_ETIMS_SETTINGS),
  "mpesa settings": settings(mpesaSettings, DEFAULT_MPESA_SETTINGS),
  "etims control": routes(etimsMachine.control),
  "mpesa control": routes(mpesaMachine.control),
};

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => "---"), ...rows];
  return `${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

function faults(kinds: Readonly<Record<string, string>>): string {
  return table(
    ["kind", "what it does"],
    Object.entries(kinds).map(([kind, says]) => [`\`${kind}\``, says]),
  );
}

function settings(schema: z.ZodObject, defaults: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(schema.shape).map(([name, field]) => [
    `\`${name}\``,
    choices(field as z.ZodType, defaults[name]),
    (field as z.ZodType).description ?? "",
  ]);
  return table(["setting", "values, the default first", "what it decides"], rows);
}

/** The values of a setting that has a few, else its default. */
function choices(field: z.ZodType, standard: unknown): string {
  const options = "options" in field ? (field.options as readonly unknown[]) : [];
  const others = options.filter((option) => option !== standard);
  return [standard, ...others].map((value) => `\`${String(value)}\``).join(", ");
}

function routes(all: readonly Route[]): string {
  return table(
    ["route", "what it does"],
    all.map(({ method, path, says }) => [`\`${method} ${path}\``, says]),
  );
}

/** The page with each table as it should be; `TILLSYNC_WRITE_DOCS=1` writes it. */
function pageWithTables(text: string): string {
  return Object.entries(TABLES).reduce(
    (page, [name, rows]) =>
      page.replace(
        new RegExp(`(<!-- table: ${name} -->\n)(\n\\|[^]*?\\|\n(?=\n|$))?`),
        (_all, mark) => `${mark}\n${rows}`,
      ),
    text,
  );
}

const { text } = readPage(PATH);
if (process.env.TILLSYNC_WRITE_DOCS === "1") writeFileSync(join(ROOT, PATH), pageWithTables(text));

it("docs/simulators.md has every fault, error, setting and route of control, in the code's own words", () => {
  const { text: page } = readPage(PATH);
  for (const [name, rows] of Object.entries(TABLES)) {
    const part = page.split(`<!-- table: ${name} -->\n\n`)[1] ?? "";
    expect(part.slice(0, rows.length), name).toBe(rows);
    expect(part.slice(rows.length, rows.length + 1), `behind ${name}`).not.toBe("|");
  }
});
