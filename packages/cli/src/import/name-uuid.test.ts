import { uuid } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { nameUuid } from "./name-uuid.ts";

it("makes the same lower-case UUID of version 8 for the same name", () => {
  const id = nameUuid("import", "bakery-breadbasket", "1");
  // Kept as text: a change of the rule would make every earlier import look new.
  expect(id).toBe("f865b583-5469-80c1-b65f-191b2d104903");
  expect(uuid.parse(id)).toBe(id);
  expect(id).toMatch(/^.{8}-.{4}-8.{3}-[89ab]/);
});

it("keeps the parts of a name apart", () => {
  expect(nameUuid("a", "bc")).not.toBe(nameUuid("ab", "c"));
});
