import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import type { TillOnDisk } from "../poslog/testing/till-on-disk.ts";

/** A data folder like the demo's, with these tills in it. */
export async function dataDirOf(...tills: readonly TillOnDisk[]): Promise<string> {
  const folder = await temporaryFolder();
  const terminals = tills.map(({ file, shortId, terminal, url }) => {
    const { terminal: uuid } = terminal.status();
    return { terminal: uuid, shortId, key: "none", url, dataDir: dirname(file) };
  });
  const household = {
    store: "STORE001",
    currency: "KES",
    adminKey: "none",
    centreUrl: "http://127.0.0.1:9",
    terminals,
  };
  writeFileSync(join(folder, "demo.json"), JSON.stringify(household));
  return folder;
}
