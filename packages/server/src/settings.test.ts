import { describe, expect, it } from "vitest";
import { databasePlace, databaseUrlOf } from "./settings.ts";

describe("databaseUrlOf", () => {
  it.each([
    ["postgresql://u:p@db:5432/shop", {}, "postgresql://u:p@db:5432/shop"],
    ["postgres://db/shop?sslmode=require", {}, "postgres://db/shop?sslmode=require"],
    ["jdbc:postgresql://db:5432/shop", { user: "u@x", password: "p:/" }, "postgresql://u%40x:p%3A%2F@db:5432/shop"],
    ["jdbc:postgresql://db/shop?user=u&password=p", {}, "postgresql://u:p@db/shop"],
    ["postgresql://u:p@db/shop", { user: "other", password: "other" }, "postgresql://u:p@db/shop"],
  ])("reads %s", (text, account, expected) => {
    expect(databaseUrlOf(text, account)).toBe(expected);
  });

  it.each(["", "db:5432", "mysql://u:secret@db/shop", "jdbc:mysql://u:secret@db/shop"])(
    "refuses %j without repeating it",
    (text) => {
      expect(() => databaseUrlOf(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
      expect(() => databaseUrlOf(text)).not.toThrow(/secret/);
    },
  );
});

describe("databasePlace", () => {
  it("names the place and no secret", () => {
    expect(databasePlace("postgresql://u:p@db/shop")).toBe("db:5432");
  });
});
