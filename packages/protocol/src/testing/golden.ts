import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Link } from "../chain.ts";

const FOLDER = new URL("../golden/", import.meta.url);

/** A change as some release wrote it: never edited, because tills out there hold the same. */
export interface Golden extends Link {
  /** Folder and file, `v1/order.closed`. */
  readonly name: string;
  readonly hash: string;
  readonly private?: string;
}

/** The golden changes of every protocol version. */
export function readGolden(): Golden[] {
  const versions = readdirSync(FOLDER).sort();
  return versions.flatMap((version) => {
    const folder = new URL(`${version}/`, FOLDER);
    const files = readdirSync(folder).sort();
    return files.map((file) => {
      const fields = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Omit<Golden, "name">;
      return { ...fields, name: `${version}/${basename(file, ".json")}` };
    });
  });
}

/** The body of version 1's golden change of that name, as a value to take apart. */
export function goldenBody(name: string): Record<string, unknown> & { payload: Record<string, unknown> } {
  const found = readGolden().find((golden) => golden.name === `v1/${name}`);
  if (found === undefined) throw new Error(`there is no golden body v1/${name}`);
  return JSON.parse(found.body) as Record<string, unknown> & { payload: Record<string, unknown> };
}
