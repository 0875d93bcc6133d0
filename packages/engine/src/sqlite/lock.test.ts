import { describe, expect, it } from "vitest";
import { startChild } from "../testing/child.ts";
import { refusalOf } from "../testing/refusal.ts";
import { tempFile } from "../testing/temp-folder.ts";
import { betterSqlite, nodeSqlite, type OpenDriver } from "./driver.ts";
import { openStore } from "./store.ts";

describe.each<[string, OpenDriver]>([
  ["better-sqlite3", betterSqlite],
  ["node:sqlite", nodeSqlite],
])("the lock of a terminal, held with %s", (name, open) => {
  it("keeps a second process out and names the file (I25)", async () => {
    const file = tempFile();
    const holder = startChild("lock-holder.ts", [file, name]);
    expect(await holder.line()).toBe("holding");
    const { code, message, details } = refusalOf(() => openStore(file, open));
    expect({ code, file: details.file }).toEqual({ code: "LOCKED", file });
    expect(message).toContain(`${file}.lock`);
  });

  it("keeps a second process out that uses the other binding", async () => {
    const file = tempFile();
    const store = openStore(file, open);
    const second = startChild("lock-holder.ts", [file, name === "node:sqlite" ? "better-sqlite3" : "node:sqlite"]);
    expect(await second.line()).toBe("LOCKED");
    store.close();
  });

  it("is free the moment its holder is killed: nothing stale to clean up", async () => {
    const file = tempFile();
    const holder = startChild("lock-holder.ts", [file, name]);
    expect(await holder.line()).toBe("holding");
    await holder.kill("SIGKILL");
    const store = openStore(file, open);
    expect(store.read.all("SELECT name FROM lane")).toEqual([]);
    store.close();
  });

  it("holds while the store reopens its database after trouble", async () => {
    const file = tempFile();
    const store = openStore(file, open);
    store.reopen();
    expect(await startChild("lock-holder.ts", [file, name]).line()).toBe("LOCKED");
    store.close();
  });
});
