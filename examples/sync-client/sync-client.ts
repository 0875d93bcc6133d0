/**
 * The SyncService of requirement 004 in one file: Node 24 and nothing else. Sales are kept here first and reach the
 * server whenever there is one. Each document is a file of its own, replaced as a whole, so a process that is killed at
 * any moment leaves the old or the new one. What was not marked is sent again; the server knows it by its localId.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An order or a transaction. Its fields are the POS's own business; the server keeps them as they were sent. */
export type Document = { readonly id: string; readonly [field: string]: unknown };

/** 004 `SyncableOrder` and `SyncableTransaction`, which is also what a file holds. */
export interface Syncable {
  readonly order?: Document | null;
  readonly transaction?: Document | null;
  /** Never changes: the same one sent ten times is one row at the server. */
  readonly localId: string;
  readonly syncStatus: "PENDING" | "SYNCED" | "FAILED";
  readonly syncVersion: number;
  readonly deviceId: string;
  readonly deleted?: boolean;
}

export interface SyncResponse {
  readonly success: boolean;
  readonly serverId?: string;
  readonly syncedAt?: number;
  readonly message?: string;
  readonly conflicts?: readonly { readonly conflictType: string; readonly remoteData: Syncable | null }[];
}

type Synced = Record<"syncedOrders" | "syncedTransactions", SyncResponse[]>;
type Updates = Record<"orders" | "transactions", Syncable[]> &
  Record<"deletedOrderIds" | "deletedTransactionIds", string[]>;
type BatchSyncResponse = Synced & { readonly serverUpdates: Updates; readonly nextSyncToken: string };
export type SyncState = { readonly name: "Idle" | "Syncing" | "Success" | "Error"; readonly message?: string };

export interface SyncOptions {
  /** Folder in which everything is kept. */
  readonly folder: string;
  readonly baseUrl: string;
  /** Made once and kept when there is none. */
  readonly deviceId?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly intervalMs?: number;
  /** A link that is up and passes nothing must not hold up the next try. */
  readonly timeoutMs?: number;
  readonly onState?: (state: SyncState) => void;
}

const KINDS = [
  { kind: "order", list: "orders", synced: "syncedOrders", deleted: "deletedOrderIds" },
  { kind: "transaction", list: "transactions", synced: "syncedTransactions", deleted: "deletedTransactionIds" },
] as const;
type Kind = (typeof KINDS)[number]["kind"];
/** Documents in one request. The server takes more; a request lost on a bad link is dearer. */
const BATCH = 1000;

export class SyncService {
  readonly deviceId: string;
  syncState: SyncState = { name: "Idle" };
  readonly #options: SyncOptions;
  #running: Promise<Synced> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SyncOptions) {
    this.#options = options;
    for (const { kind } of KINDS) mkdirSync(join(options.folder, kind), { recursive: true });
    this.deviceId = options.deviceId ?? this.#read<string>("device") ?? crypto.randomUUID();
    this.#write("device", this.deviceId);
  }

  /** Starts the background sync: now, and then every 30 seconds. */
  initialize(): void {
    const later = () => {
      this.#timer = setTimeout(now, this.#options.intervalMs ?? 30_000);
    };
    const now = () => void this.syncWithServer().then(later, later);
    now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  saveOrderForSync(order: Document): Syncable {
    return this.#save("order", order);
  }

  saveTransactionForSync(transaction: Document): Syncable {
    return this.#save("transaction", transaction);
  }

  /** Sends what waits and takes what is new. Whoever calls while it runs gets the same answer. */
  syncWithServer(): Promise<Synced> {
    this.#running ??= this.#sync().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  getSyncStats() {
    const count = (kind: Kind, status: string) => this.rows(kind).filter((row) => row.syncStatus === status).length;
    return {
      pendingOrders: count("order", "PENDING"),
      syncedOrders: count("order", "SYNCED"),
      failedOrders: count("order", "FAILED"),
      pendingTransactions: count("transaction", "PENDING"),
      lastSyncTimestamp: this.#read<{ at: number }>("token")?.at ?? null,
    };
  }

  /** All documents of a kind, those of other devices included. */
  rows(kind: Kind): Syncable[] {
    const names = readdirSync(join(this.#options.folder, kind)).filter((name) => name.endsWith(".json"));
    return names.flatMap((name) => this.#read<Syncable>(`${kind}/${name.slice(0, -5)}`) ?? []);
  }

  async #sync(): Promise<Synced> {
    this.#become({ name: "Syncing" });
    try {
      const orders = this.rows("order").filter(isWaiting);
      const transactions = this.rows("transaction").filter(isWaiting);
      const all: Synced = { syncedOrders: [], syncedTransactions: [] };
      for (let at = 0; at === 0 || at < Math.max(orders.length, transactions.length); at += BATCH) {
        const sent = { orders: orders.slice(at, at + BATCH), transactions: transactions.slice(at, at + BATCH) };
        const answer = await this.#post(sent);
        this.#apply(sent, answer);
        for (const { synced } of KINDS) all[synced].push(...answer[synced]);
      }
      this.#become({ name: "Success" });
      return all;
    } catch (error) {
      this.#become({ name: "Error", message: String(error) });
      throw error;
    }
  }

  async #post(sent: Record<"orders" | "transactions", Syncable[]>): Promise<BatchSyncResponse> {
    const { baseUrl, apiKey, timeoutMs = 30_000 } = this.#options;
    const lastSyncTimestamp = this.#read<{ token: string }>("token")?.token ?? 0;
    const response = await fetch(new URL("/api/sync/batch", baseUrl), {
      method: "POST",
      headers: { "content-type": "application/json", ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      body: JSON.stringify({ deviceId: this.deviceId, ...sent, lastSyncTimestamp }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${text.slice(0, 200)}`);
    return JSON.parse(text) as BatchSyncResponse; // half an answer is no JSON, and changes nothing
  }

  #apply(sent: Record<"orders" | "transactions", Syncable[]>, answer: BatchSyncResponse): void {
    for (const { kind, list, synced, deleted } of KINDS) {
      for (const [at, row] of sent[list].entries()) this.#mark(kind, row, answer[synced][at]);
      // What waits here is sent first: then the server decides between the two.
      const settled = (localId: string) => !isWaiting(this.#row(kind, localId));
      for (const row of answer.serverUpdates[list])
        if (settled(row.localId) && row[kind]) this.#put(kind, { ...row, syncStatus: "SYNCED" });
      for (const localId of answer.serverUpdates[deleted]) if (settled(localId)) this.#remove(kind, localId);
    }
    // Last: killed before this, the same updates come again.
    this.#write("token", { token: answer.nextSyncToken, at: Date.now() });
  }

  /** What became of one document: its answer stands at the place at which it was sent. */
  #mark(kind: Kind, sent: Syncable, answer: SyncResponse | undefined): void {
    if (this.#row(kind, sent.localId)?.syncVersion !== sent.syncVersion) return; // changed meanwhile: still to be sent
    const { success = false, conflicts = [], ...facts } = answer ?? {};
    const theirs = conflicts[0]?.remoteData;
    if (success) this.#put(kind, { ...sent, ...facts, syncStatus: "SYNCED" });
    else if (theirs?.deleted) this.#remove(kind, sent.localId);
    else if (theirs?.[kind])
      this.#put(kind, { ...theirs, ...facts, syncStatus: "SYNCED" }); // the server wins
    else this.#put(kind, { ...sent, ...facts, syncStatus: "FAILED" }); // is sent again
  }

  /** Counts the version up when the document changed; saving the same again only sends it again. */
  #save(kind: Kind, document: Document): Syncable {
    const before = this.#row(kind, document.id);
    const isSame = JSON.stringify(before?.[kind]) === JSON.stringify(document);
    const syncVersion = (before?.syncVersion ?? 0) + (isSame ? 0 : 1);
    const row = { [kind]: document, localId: document.id, syncVersion, deviceId: this.deviceId };
    return this.#put(kind, { ...row, syncStatus: "PENDING" });
  }

  #become(state: SyncState): void {
    this.syncState = state;
    this.#options.onState?.(state);
  }

  #row(kind: Kind, localId: string): Syncable | undefined {
    return this.#read<Syncable>(`${kind}/${encodeURIComponent(localId)}`);
  }

  #put(kind: Kind, row: Syncable): Syncable {
    this.#write(`${kind}/${encodeURIComponent(row.localId)}`, row);
    return row;
  }

  #remove(kind: Kind, localId: string): void {
    rmSync(join(this.#options.folder, kind, `${encodeURIComponent(localId)}.json`), { force: true });
  }

  #read<T>(name: string): T | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#options.folder, `${name}.json`), "utf8")) as T;
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** On the disk before it gets its name: there is the old file or the new one, never half of one. */
  #write(name: string, value: unknown): void {
    const file = join(this.#options.folder, name);
    writeFileSync(`${file}.${process.pid}.tmp`, JSON.stringify(value), { flush: true });
    renameSync(`${file}.${process.pid}.tmp`, `${file}.json`);
  }
}

function isWaiting(row: Syncable | undefined): boolean {
  return row !== undefined && row.syncStatus !== "SYNCED";
}

async function main([command = "stats", total = "", id = crypto.randomUUID() as string]: readonly string[]) {
  const { API_BASE_URL, API_KEY, DEVICE_ID, SYNC_INTERVAL_SECONDS, DATA_FOLDER } = process.env;
  const print = (value: unknown) => console.log(JSON.stringify(value));
  const service = new SyncService({
    folder: DATA_FOLDER ?? "till-data",
    baseUrl: API_BASE_URL ?? "http://127.0.0.1:8080",
    deviceId: DEVICE_ID,
    apiKey: API_KEY,
    intervalMs: Number(SYNC_INTERVAL_SECONDS ?? 30) * 1000,
    onState: command === "watch" ? print : () => {},
  });
  const amount = Number(total);
  if (command === "sell" && amount > 0)
    print(service.saveOrderForSync({ id, orderNumber: `ORD-${id}`, total: amount, createdAt: Date.now() }));
  else if (command === "orders") service.rows("order").forEach(print);
  else if (command === "sync") print(await service.syncWithServer());
  else if (command === "stats") print(service.getSyncStats());
  else if (command === "watch") service.initialize();
  else throw new Error("commands: sell TOTAL [ID], orders, sync, stats, watch");
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
