import { htmlPage } from "@tillsync/protocol/openapi";
import { bodyFaults, documentFaults } from "@tillsync/protocol/openapi/testing";
import { describe, expect, it } from "vitest";
import { ACCESS } from "../access.ts";
import { centralDocument, ROUTES } from "./central-document.ts";

describe("the description of the centre's API", () => {
  it("is OpenAPI 3.1, has every route and no other, and an example of every body and answer that fits its schema", async () => {
    expect(await documentFaults(centralDocument(), Object.keys(ACCESS))).toEqual([]);
  });

  it("shows as requests only what fits their schema", () => {
    expect(bodyFaults(centralDocument(), ROUTES)).toEqual([]);
  });

  it("says of every route who may call it", () => {
    for (const [route, access] of Object.entries(ACCESS)) {
      const [method = "", url = ""] = route.split(" ");
      const operation = centralDocument().paths[url.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
      expect(operation?.security, route).toEqual(access === "anyone" ? [] : [{ key: [] }]);
      for (const role of access === "anyone" ? [] : access)
        expect(operation?.description, route).toContain(`\`${role}\``);
    }
  });

  it("as a page has every call, with its texts escaped and without a script", () => {
    const { html } = htmlPage(centralDocument(), "/docs/openapi.json");
    for (const { operationId } of Object.values(ROUTES)) expect(html).toContain(`id="${operationId}"`);
    expect(html).not.toMatch(/<script|javascript:|\son\w+=|https?:\/\//);
    const poisoned = { ...centralDocument(), info: { title: "<img>", version: '"', description: "<b>&" } };
    expect(htmlPage(poisoned, "/x").html).toContain("<h1>&lt;img&gt; &quot;</h1>");
  });
});
