import { expect, test } from "vitest";
import { checkDigit, readGtin } from "./gtin.ts";

test("the four lengths of a GTIN are one number in 14 digits", () => {
  expect(readGtin("96385074")).toEqual({ gtin: "00000096385074" });
  expect(readGtin("036000291452")).toEqual({ gtin: "00036000291452" });
  expect(readGtin("0036000291452")).toEqual({ gtin: "00036000291452" });
  expect(readGtin("5449000000996")).toEqual({ gtin: "05449000000996" });
  expect(readGtin("15449000000993")).toEqual({ gtin: "15449000000993" });
});

test("a barcode that is no GTIN says what is wrong with it", () => {
  expect(readGtin("5449000000997")).toEqual({ flag: "CHECK_DIGIT" });
  expect(readGtin("54490000009")).toEqual({ flag: "LENGTH" });
  expect(readGtin("123456789012345")).toEqual({ flag: "LENGTH" });
  expect(readGtin("")).toEqual({ flag: "NOT_DIGITS" });
  expect(readGtin("ABC-1234")).toEqual({ flag: "NOT_DIGITS" });
  expect(readGtin("٥449000000996")).toEqual({ flag: "NOT_DIGITS" });
});

test("every wrong check digit is found", () => {
  for (let digit = 0; digit <= 9; digit++) {
    const read = readGtin(`400638133393${digit}`);
    expect("gtin" in read).toBe(digit === checkDigit("400638133393"));
  }
});
