import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  changeId,
  currency,
  decimal,
  ERROR_CODES,
  envelope,
  exchangeRequest,
  exchangeResponse,
  hash,
  incarnationId,
  LIMITS,
  localId,
  PAYLOADS,
  PROTOCOL_FLOOR,
  PROTOCOL_VERSION,
  uuid,
  uuidv7,
} from "@tillsync/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Centre, openCentre } from "./testing/centre.ts";
import { blocksOf, ROOT, readPage, tableAfter } from "./testing/markdown.ts";
import { ANSWER, EXAMPLE, HASH_INPUT_BYTES, HEAD, REQUEST, TERMINAL } from "./testing/protocol-example.ts";
import { findProgram, run } from "./testing/shell.ts";

const PATH = "docs/protocol.md";
const page = readPage(PATH);

/** `TILLSYNC_WRITE_DOCS=1` puts the examples into the page instead of comparing. */
function writeExamples(): void {
  let { text } = page;
  for (const [name, content] of Object.entries(EXAMPLE)) {
    const block = new RegExp(`(<!-- example: ${name} -->\n\`\`\`\\w+\n).*?(?=^\`\`\`$)`, "ms");
    text = text.replace(block, (_whole, before: string) => before + content);
  }
  writeFileSync(join(ROOT, PATH), text);
}
if (process.env.TILLSYNC_WRITE_DOCS === "1") writeExamples();

describe("the examples of docs/protocol.md", () => {
  const shown = Object.fromEntries(
    blocksOf(readPage(PATH))
      .filter(({ comment }) => comment.startsWith("example: "))
      .map(({ comment, text }) => [comment.slice("example: ".length), text]),
  );

  it("are what the code makes of them", () => {
    expect(shown).toEqual(EXAMPLE);
  });

  it("count their bytes right", () => {
    expect(page.text).toContain(`The bytes that are hashed, ${HASH_INPUT_BYTES} of them`);
  });
});

/** The line above the table of a kind; kinds that hold the same share one heading. */
function headingOf(kind: string): string {
  const headings = page.text.split("\n").filter((line) => line.startsWith("### "));
  return headings.find((line) => line.slice(4).split(", ").includes(kind)) ?? `### ${kind}`;
}

describe("the tables of docs/protocol.md", () => {
  const inRequest = exchangeRequest.shape;
  const withNeed: Record<string, z.ZodObject> = {
    // Every kind has a payload; the envelope alone cannot say which.
    "<!-- fields: envelope -->": envelope.extend({ payload: z.looseObject({}) }),
    "<!-- fields: request -->": exchangeRequest,
    "<!-- fields: change -->": inRequest.changes.element,
    "<!-- fields: repair -->": inRequest.repair.unwrap().element,
    ...Object.fromEntries(Object.entries(PAYLOADS).map(([kind, schema]) => [headingOf(kind), schema])),
  };

  it.each(Object.entries(withNeed))("%s: every field, and which are needed", (line, schema) => {
    const told = tableAfter(page, line).map(([field = "", , needed = ""]) => [field, needed === "yes"]);
    const real = Object.entries(schema.shape).map(([field, type]) => [field, !(type as z.ZodType).isOptional()]);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(real));
    expect(told).toHaveLength(real.length);
  });

  it.each([
    ["<!-- fields: response -->", exchangeResponse],
    ["<!-- fields: entry -->", exchangeResponse.shape.entries.element],
  ])("%s: every field", (line, schema) => {
    expect(tableAfter(page, line).map(([field]) => field)).toEqual(Object.keys(schema.shape));
  });

  it("the forms have the patterns of the schemas", () => {
    const schemas = { uuid, uuidv7, changeId, incarnation: incarnationId, hash, localId, currency, decimal };
    const told = tableAfter(page, "## Forms").flatMap(([name = "", , pattern = ""]) =>
      pattern === "" ? [] : [[name, pattern]],
    );
    const real = Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema).pattern]);
    expect(told).toEqual(real);
  });

  it("the limits are the limits", () => {
    const told = tableAfter(page, "## Limits").map(([name = "", value = ""]) => [
      name,
      Number(value.replaceAll(",", "")),
    ]);
    expect(Object.fromEntries(told)).toEqual(LIMITS);
  });

  it("the refusals have the codes and statuses of the code", () => {
    // What never became a request is answered on the bare socket, with the status that HTTP has for it.
    const onTheSocket = { TIMED_OUT: 408 };
    const statuses = Object.fromEntries(Object.entries(ERROR_CODES).map(([code, { status }]) => [code, status]));
    const told = Object.fromEntries(
      tableAfter(page, "## Refusals").map(([code = "", status]) => [code, Number(status)]),
    );
    expect({ ...statuses, ...onTheSocket }).toMatchObject(told);
  });

  it("the version is the version", () => {
    expect(PROTOCOL_FLOOR).toBe(PROTOCOL_VERSION);
    expect(page.text).toContain(`Today floor and version are both ${PROTOCOL_VERSION}.`);
  });
});

describe("a client made from docs/protocol.md", () => {
  let centre: Centre;
  beforeAll(async () => {
    centre = await openCentre();
  });
  afterAll(() => centre.close());

  it("gets the answer that the page shows, and the same mark for the same request sent again", async () => {
    const key = await centre.enrol(TERMINAL, "T01");
    const answer = await centre.exchange(key, REQUEST);
    expect(Object.keys(answer)).toEqual(Object.keys(ANSWER));
    const { serverEpoch, serverTimeMs, cursor } = ANSWER;
    expect({ ...answer, serverEpoch, serverTimeMs, cursor }).toEqual(ANSWER);
    expect(answer.cursor).toMatch(/^[0-9a-f-]{36}\.\d+\.0\.$/);
    const again = await centre.exchange(key, { ...REQUEST, cursor: answer.cursor });
    expect(again).toMatchObject({ durableThrough: 2, chainHash: HEAD });
    expect(again.entries).toEqual([
      { n: 1, terminal: TERMINAL, incarnation: REQUEST.incarnation, fromSeq: 1, toSeq: 2, effect: "applied" },
    ]);
  });

  it("in Python brings a sale to the centre", async (context) => {
    const python = findProgram("python3");
    if (python === undefined) return context.skip("not run: this machine has no python3");
    const block = blocksOf(page).find(({ language }) => language === "python");
    const terminal = "0190a5da-c967-774b-8cce-b302099a8058";
    const key = await centre.enrol(terminal, "T09");
    const environment = { CENTRE: centre.url, KEY: key, TERMINAL: terminal, PYTHONDONTWRITEBYTECODE: "1" };
    const { code, output } = await run(python, ["-c", block?.text ?? ""], { env: environment });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^2 changes are at head office/) });
    expect(await centre.effectsOf(terminal)).toEqual(["applied", "applied"]);
  });
});
