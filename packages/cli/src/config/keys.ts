import { KEEP_DAYS, KEEP_WHOLE_DAYS, KEPT_ATTEMPTS, KEPT_DAYS } from "@tillsync/engine";
import { LIMITS, RELEASE_FORM } from "@tillsync/protocol";
import { feedsOf, kindsOf, localFileOf, postgresUrlOf, proxiesOf, uuidOf, zoneOf } from "./forms.ts";
import { address, choice, type Setting, text, textAs, whole, yesNo } from "./settings.ts";

const ANY = /./s;
const HOST = /^[A-Za-z0-9.:_[\]-]{1,253}$/;
const SERVERS = /^[^\s,:]+:\d{1,5}(,\s*[^\s,:]+:\d{1,5})*$/;

/**
 * Every key of the configuration: the single source for reading it, for refusing what is wrong, and for
 * `docs/configuration.md`. `Sync`, `Database` and `Kafka` with their keys are requirement 001's.
 */
export const KEYS = {
  "Sync.StoreId": text("1 to 64 characters", /^.{1,64}$/s, {
    default: "STORE001",
    env: ["STORE_ID"],
    effect: "Code of the store that the terminals of this configuration belong to.",
  }),
  "Sync.CentralApiEndpoint": address({
    default: "http://127.0.0.1:8080",
    env: ["CENTRAL_API_URL", "API_BASE_URL"],
    effect:
      "Where the centre is. Only scheme, host and port count, so 001's `http://store_api:8080/api/inventory/events` works as it is.",
  }),
  "Sync.Profile": choice(["shift", "continuous", "live"], {
    default: "continuous",
    effect:
      "Pace of synchronization: `shift` sends at shift open and close and every 20 minutes, `continuous` with every sale and every 30 s, `live` with every change and every 10 s.",
  }),
  "Sync.SyncIntervalSeconds": whole<number | undefined>(1, 86_400, {
    default: undefined,
    absent: "the profile's: 1200, 30, 10",
    unit: "s",
    env: ["SYNC_INTERVAL_SECONDS"],
    effect: "How often an idle terminal asks the centre for news.",
  }),
  "Sync.RetryDelayMinutes": whole<number | undefined>(1, 1_440, {
    default: undefined,
    absent: "the profile's: 20, 5, 1",
    unit: "min",
    effect:
      "Wait between attempts once the first fast ones have failed; a centre that answers a probe again ends it. Attempts never end.",
  }),
  "Sync.MaxRetryAttempts": whole<number>(1, 1_000, {
    default: 3,
    unit: "attempts",
    effect: "Failures in a row after which people are shown a badge. Nothing is deleted and nothing stops.",
  }),
  "Sync.MaxSyncRetry": whole<number>(1, 1_000, {
    default: 5,
    unit: "attempts",
    effect:
      "Attempts in a row at a module of reference data before its slow period, and before what depends on it goes on with the copy that is there (003 `Config.maxSyncRetry`). Attempts never end.",
  }),
  "Sync.BatchSize": whole<number>(1, LIMITS.maxBatchChanges, {
    default: LIMITS.maxBatchChanges,
    unit: "changes",
    effect: "The most changes in one exchange; batches adapt to the link below it.",
  }),
  "Sync.EnableDetailedLogging": yesNo({
    default: false,
    effect: "Logs at level debug instead of info: each request and each poll. Still no payloads, keys or names.",
  }),

  "Logging.Directory": text<string | undefined>("the path of a folder, or - for standard error only", ANY, {
    default: undefined,
    absent: "logs in Terminal.DataDir or Server.DataDir",
    effect:
      "Where `tillsync terminal` and `tillsync server` write their log files; warnings and errors go to standard error as well. With `-` everything goes to standard error and nothing to files, for machines that collect it there.",
  }),
  "Logging.MaxFileBytes": whole<number>(65_536, 1_073_741_824, {
    default: 10_485_760,
    unit: "bytes",
    effect: "A log file larger than this is closed and the next one begun; so it is at midnight.",
  }),
  "Logging.MaxFiles": whole<number>(1, 1_000, {
    default: 14,
    unit: "files",
    effect: "Log files that are kept, the one in use included; the oldest go first.",
  }),
  "Logging.RetentionDays": whole<number>(1, 3_650, {
    default: 30,
    unit: "days",
    effect: "Closed log files older than this go, however few there are.",
  }),

  "Feed.Orders": choice(["store", "open", "own"], {
    default: "store",
    effect:
      "What a terminal is told of the store's other terminals: `store` all of their orders and transactions, `open` their open orders (for displays), `own` nothing.",
  }),
  "Feed.KeepDays": whole<number>(1, 400, {
    default: KEEP_DAYS,
    unit: "days",
    effect:
      "How long a terminal keeps what others sold, for look-up and returns; open orders stay. An empty terminal is given the last 35 days.",
  }),

  "Retention.HistoryRows": whole<number>(10, 100_000, {
    default: KEPT_ATTEMPTS,
    unit: "attempts",
    effect:
      "Attempts to reach the centre that a terminal keeps for `/api/sync/history`, the newest. What was sold is not touched by it.",
  }),
  "Retention.HistoryDays": whole<number>(1, 3_650, {
    default: KEPT_DAYS,
    unit: "days",
    effect: "Older attempts go, with the attempts that come after.",
  }),
  "Retention.JournalDays": whole<number>(1, 3_650, {
    default: KEEP_WHOLE_DAYS,
    unit: "days",
    effect:
      "How long a terminal keeps the content of what it sold, at least. After that it keeps each sale's place in the chain, its receipt number and its total; the content is at head office, in a verified backup, and nothing goes before it is.",
  }),

  "Backup.Recipient": text<string | undefined>("a public key such as age1...", /^age1[0-9a-z]{20,4000}$/, {
    default: undefined,
    absent: "no backups",
    effect:
      "Public key of the organization, from `tillsync backup --make-key`: backups of this till are encrypted for it, and the till itself cannot read them.",
  }),
  "Backup.Passphrase": text<string | undefined>("8 characters or more", /^.{8,1024}$/s, {
    default: undefined,
    absent: "no backups",
    env: ["TILLSYNC_BACKUP_PASSPHRASE"],
    secret: true,
    effect:
      "The simple way instead of Backup.Recipient, which it yields to. Whoever reads this configuration can read the backups.",
  }),
  "Backup.Folder": text<string | undefined>("the path of a folder", ANY, {
    default: undefined,
    absent: "backups go to the centre",
    effect:
      "Where backups go instead: a USB disk, or a share of another machine. It is not made: a disk that is not there is one that is waited for.",
  }),
  "Backup.Keep": whole<number>(1, 1_000, {
    default: 7,
    unit: "backups",
    effect: "Backups kept in Backup.Folder, the newest. How many the centre keeps is Server.BackupsKept.",
  }),
  "Backup.EveryHours": whole<number>(1, 720, {
    default: 24,
    unit: "h",
    effect: "Longest time between two backups. One is taken at each shift close as well.",
  }),

  "Database.ConnectionString": textAs<string | undefined>("Data Source=FILE, or the path of a file", localFileOf, {
    default: undefined,
    absent: "till.db in Terminal.DataDir",
    effect: "The terminal's own SQLite database. The centre's PostgreSQL is Server.DatabaseUrl.",
  }),
  "Database.AutoMigrate": yesNo({
    default: true,
    effect: "Brings the databases to this version's schema at start. With false a start on an older schema is refused.",
  }),
  "Database.CommandTimeoutSeconds": whole<number>(1, 3_600, {
    default: 30,
    unit: "s",
    effect:
      "Read and checked; in this version a statement on the central database is given up after 30 s whatever it says.",
  }),

  "Kafka.Enabled": yesNo({
    default: false,
    effect:
      "Publishes what is applied at the centre to Kafka. Checked at start; the relay itself is not part of this version.",
  }),
  "Kafka.BootstrapServers": text<string | undefined>("host:port, or several with commas", SERVERS, {
    default: undefined,
    absent: "none",
    env: ["KAFKA_BOOTSTRAP_SERVERS"],
    effect: "Where Kafka is. Needed when Kafka.Enabled is true.",
  }),
  "Kafka.InventoryTopic": text("1 to 249 letters, digits, dots, underscores or hyphens", /^[A-Za-z0-9._-]{1,249}$/, {
    default: "inventory-events",
    effect: "Topic of stock movements.",
  }),

  "Server.Host": text("a host name or IP address", HOST, {
    default: "127.0.0.1",
    effect: "Address the central server listens on; 0.0.0.0 for all.",
  }),
  "Server.Port": whole<number>(0, 65_535, {
    default: 8080,
    env: ["SERVER_PORT"],
    effect: "Port of the central server; 0 takes a free one.",
  }),
  "Server.DatabaseUrl": textAs<string | undefined>(
    "a PostgreSQL address such as postgresql://host:5432/name (a jdbc: prefix is accepted)",
    postgresUrlOf,
    {
      default: undefined,
      absent: "the embedded PostgreSQL in Server.DataDir",
      env: ["DATABASE_URL"],
      secret: true,
      effect: "The central database: PostgreSQL 15 or newer.",
    },
  ),
  "Server.DatabaseUser": text<string | undefined>("a user name", ANY, {
    default: undefined,
    absent: "none",
    env: ["DATABASE_USER"],
    effect: "Fills in the user where Server.DatabaseUrl has none.",
  }),
  "Server.DatabasePassword": text<string | undefined>("a password", ANY, {
    default: undefined,
    absent: "none",
    env: ["DATABASE_PASSWORD"],
    secret: true,
    effect: "Fills in the password where Server.DatabaseUrl has none.",
  }),
  "Server.DataDir": text("the path of a folder", ANY, {
    default: ".tillsync/server",
    effect: "Folder of the embedded PostgreSQL, relative to the working directory.",
  }),
  "Server.BackupDir": text<string | undefined>("the path of a folder", ANY, {
    default: undefined,
    absent: "none: nothing is copied by itself",
    effect:
      "Folder of backups of the embedded PostgreSQL, best on another disk or machine: its write-ahead log is copied there all the time, and `tillsync backup --server` puts the backups beside it.",
  }),
  "Server.BackupLogSeconds": whole<number>(1, 3_600, {
    default: 10,
    unit: "s",
    effect: "How often the log is copied to Server.BackupDir: what a lost machine costs of it. Tills send that again.",
  }),
  "Server.RequestsPerSecondPerDevice": whole<number>(1, 100_000, {
    default: 500,
    unit: "requests/s",
    effect:
      "What one terminal or device may ask of one server process, with bursts of twice as many; above it the answer is 429 with `Retry-After`. A till that catches up stays below 300.",
  }),
  "Server.RequestsPerSecondPerStore": whole<number>(1, 100_000, {
    default: 2000,
    unit: "requests/s",
    effect: "The same for all devices of a store together, so that one store cannot keep the others waiting.",
  }),
  "Server.MinTerminalRelease": text<string | undefined>("a release such as 0.1.0", RELEASE_FORM, {
    default: undefined,
    absent: "any",
    effect:
      "The oldest release of Tillsync's own terminals that may exchange. Older ones are refused with `UPGRADE_REQUIRED`: they sell on, keep everything, and send it once they are updated.",
  }),
  "Server.BackupsKept": whole<number>(1, 1_000, {
    default: 7,
    unit: "backups",
    effect: "Backups of each terminal that the centre keeps, the newest.",
  }),
  "Server.MaxBackupBytes": whole<number>(1_048_576, 17_179_869_184, {
    default: 536_870_912,
    unit: "bytes",
    effect: "The largest backup of a terminal that the centre takes: a year of a busy till, packed.",
  }),
  "Server.TrustedProxies": textAs<string | undefined>(
    "IP addresses with commas, such as 10.0.0.5,10.1.0.0/16",
    proxiesOf,
    {
      default: undefined,
      absent: "none",
      effect:
        "Proxies before the server whose `X-Forwarded-For` is believed when wrong keys are counted by address. Without it a proxy counts as one address.",
    },
  ),

  "Gateway.Modules": textAs<string | undefined>(
    "kind=module,module; kind=..., such as kitchen-display=items,settings",
    kindsOf,
    {
      default: undefined,
      absent: "kitchen-display=items,settings; customer-display=items,settings",
      effect:
        "Modules of reference data that terminals of a kind get. Kinds that are not named, in here or in the default, get all of them. A module needs those that it depends on.",
    },
  ),
  "Gateway.Feeds": textAs<string | undefined>(
    "kind=scope; kind=..., such as kitchen-display=open, where a scope is store, open or own",
    feedsOf,
    {
      default: undefined,
      absent: "kitchen-display=open; customer-display=own",
      effect:
        "What terminals of a kind are told of others at most, whatever their own `Feed.Orders` asks for. Kinds that are not named, in here or in the default, may be told all of their store. `tillsync kinds` shows and sets the kind of a terminal.",
    },
  ),

  "Foreign.Open": yesNo({
    default: false,
    env: ["FOREIGN_OPEN"],
    effect:
      "Lets devices of other makes on this very machine sync without a key, as devices of the store that was enrolled first. For trying out; the demo does. Requests from elsewhere always need a key.",
  }),

  "Conflicts.Customers": choice(["per-field", "client-wins", "server-wins", "manual"], {
    default: "per-field",
    effect:
      "What stands when tills changed one field of a customer without seeing each other: `per-field` the last write by corrected time, `client-wins` the one that arrives last, `server-wins` and `manual` the one that head office has; `manual` says that a person has to decide. The other one is kept as a conflict, and nothing waits.",
  }),
  "Conflicts.Documents": choice(["server-wins", "manual"], {
    default: "server-wins",
    effect:
      "How conflicts of orders, transactions and stock are shown until a person has looked: head office's version stands either way, and `manual` says that a person has to decide.",
  }),

  "Terminal.Id": textAs<string | undefined>("a UUID", uuidOf, {
    default: undefined,
    absent: "made once, kept in Terminal.DataDir",
    env: ["DEVICE_ID"],
    effect: "Identity of this terminal (004 `deviceId`). Never give two terminals the same.",
  }),
  "Terminal.ShortId": text("one capital letter and up to seven capitals or digits", /^[A-Z][A-Z0-9]{0,7}$/, {
    default: "T01",
    effect:
      "Name of this terminal for people and on receipts; unique in its store. Where it was enrolled with a key of its own, its grant says this, and its store and currency.",
  }),
  "Terminal.Host": text("a host name or IP address", HOST, {
    default: "127.0.0.1",
    effect: "Address the terminal's local API listens on. Anything but this machine's own demands Terminal.LocalKey.",
  }),
  "Terminal.Port": whole<number>(0, 65_535, {
    default: 7070,
    effect: "Port of the terminal's local API and pages; 0 takes a free one.",
  }),
  "Terminal.Key": text<string | undefined>("a key without spaces, from tillsync enroll", /^\S+$/, {
    default: undefined,
    absent: "none",
    env: ["TILLSYNC_KEY"],
    secret: true,
    effect:
      "Access key that this terminal shows to the centre; `tillsync enroll` makes it. A terminal that was enrolled with a key of its own (`tillsync enroll --centre`) needs none and passes over this one. Without either it sells and keeps everything, and sends nothing.",
  }),
  "Terminal.LocalKey": text<string | undefined>("a key without spaces", /^\S+$/, {
    default: undefined,
    absent: "none",
    secret: true,
    effect: "Key that POS clients must show to the terminal's local API.",
  }),
  "Terminal.DataDir": text("the path of a folder", ANY, {
    default: ".tillsync/terminal",
    effect: "Folder of the terminal's database, its key and its grant, relative to the working directory.",
  }),
  "Terminal.Currency": text("an ISO 4217 code such as KES", /^[A-Z]{3}$/, {
    default: "KES",
    effect: "Currency of documents that name none.",
  }),
  "Terminal.TimeZone": textAs("an IANA time zone such as Africa/Nairobi", zoneOf, {
    default: "UTC",
    effect:
      "Where the store is: business dates are taken from the calendar there, when a shift names none and for stock that moves outside shifts.",
  }),
  "Terminal.DayCutoffHour": whole<number>(0, 23, {
    default: 0,
    unit: "h",
    effect:
      "Hour on the store's clock at which the next business date begins: with 5, what is opened before five in the morning counts for the day before. 0 is midnight. An open shift keeps its date.",
  }),
} as const satisfies Record<string, Setting<string | number | boolean | undefined>>;

export type Key = keyof typeof KEYS;

/** The value of every key, by its dotted name. */
export type Values = { readonly [K in Key]: (typeof KEYS)[K] extends Setting<infer T> ? T : never };

export function isKey(name: string): name is Key {
  return Object.hasOwn(KEYS, name);
}
