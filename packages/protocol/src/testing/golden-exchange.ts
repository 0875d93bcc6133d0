import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const FOLDER = new URL("../golden-exchange/", import.meta.url);

/** A request or an answer as some release sent it: never edited. */
export interface GoldenMessage {
  /** Folder and file, `v1/request-changes`. */
  readonly name: string;
  readonly text: string;
}

/** What travelled between terminals and centres of every protocol version. */
export function readGoldenMessages(kind: "request" | "answer"): GoldenMessage[] {
  return readdirSync(FOLDER)
    .sort()
    .flatMap((version) => {
      const folder = new URL(`${version}/`, FOLDER);
      const files = readdirSync(folder).filter((name) => name.startsWith(`${kind}-`));
      return files.sort().map((file) => ({
        name: `${version}/${basename(file, ".json")}`,
        text: readFileSync(new URL(file, folder), "utf8"),
      }));
    });
}

/** Writes a message of this version once; one that is there is never written over. */
export function keepGoldenMessage(version: number, name: string, value: unknown): void {
  const folder = new URL(`v${version}/`, FOLDER);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${name}.json`, folder);
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
}
