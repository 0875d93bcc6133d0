import { SyncError } from "@tillsync/protocol";
import { enroll, openPool } from "@tillsync/server";
import type { Command } from "commander";
import { databaseUrl } from "../config/derived.ts";
import { outputOf } from "../output.ts";
import { enrollHere, type HereOptions } from "./enroll-here.ts";
import { configurable, configurationOf } from "./options.ts";

const FLAGS = { "database-url": "Server.DatabaseUrl", "data-dir": "Terminal.DataDir" } as const;

interface EnrollOptions extends Record<string, unknown>, Omit<HereOptions, "centre" | "name"> {
  readonly centre?: string;
  readonly org: string;
  readonly store: string;
  readonly currency: string;
  readonly role?: "terminal" | "foreign" | "admin";
  readonly foreign?: boolean;
  readonly device?: string;
  readonly name: string;
  readonly id?: string;
  readonly json?: boolean;
}

export function enrollCommand(program: Command): void {
  const command = program
    .command("enroll")
    .summary("enrol this machine as a till, or make an access key at the centre")
    .description(
      "With --centre it enrols this machine: its key is made here, in the data folder, and never leaves it. With the central database at hand it makes an access key, and the organization, store and terminal it is for where they are missing; that key is shown once and kept nowhere. The name becomes the actor of all that is done.",
    )
    .option("--org <code>", "organization", "main")
    .option("--store <code>", "store", "STORE001")
    .option("--currency <code>", "currency of the store, ISO 4217", "KES")
    .option("--role <role>", "terminal, foreign or admin")
    .option("--foreign", "the same as --role foreign: for a POS of another make that posts JSON")
    .option("--device <id>", "the only deviceId that this key speaks for (role foreign); without it any of the store")
    .requiredOption("--name <name>", "who uses the key")
    .option("--short-id <id>", "short id of the terminal, such as T01 (role terminal)")
    .option("--kind <kind>", "of a new terminal: retail (default), restaurant, kitchen-display, customer-display, ...")
    .option("--id <uuid>", "the terminal's UUID when it has one already")
    .option("--centre <url>", "head office's server: enrol this machine there")
    .option("--key <key>", "with --centre: a key of role admin (default: environment TILLSYNC_ADMIN_KEY)")
    .option("--replace <terminal>", "with --centre: take over this terminal from its machine, such as T01")
    .option("--old-machine <access>", "with --replace: draining (deliver what it has) or revoked", "draining")
    .option(
      "--move <terminal>",
      "with --centre: begin in another store in place of this terminal, once it has delivered",
    )
    .option("--to-store <code>", "with --move: the other store")
    .option("--at-once", "with --move: begin while the old one still has something to deliver")
    .option("--reason <text>", "with --replace and --move: why")
    .option("--actor <name>", "with --centre: who does it (default: whoever the key was made for)")
    .option("--json", "the answer as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  DATABASE_URL=postgresql://localhost/tillsync tillsync enroll --role terminal --short-id T01 --name 'till by the door'\n  DATABASE_URL=postgresql://localhost/tillsync tillsync enroll --foreign --name 'the Kotlin POS'\n  TILLSYNC_ADMIN_KEY=tsk_… tillsync enroll --centre https://head-office.example --short-id T01 --name 'till by the door'\n  TILLSYNC_ADMIN_KEY=tsk_… tillsync enroll --centre https://head-office.example --replace T01 --name 'new machine' --reason 'disk died'",
    );
  configurable(command, FLAGS).action(async (options: EnrollOptions) => {
    const output = outputOf(options);
    const { values } = await configurationOf(options, FLAGS);
    const { centre } = options;
    if (centre !== undefined) {
      const here = await enrollHere({ ...options, centre }, values);
      output.value(here);
      output.line(`This machine is terminal ${here.shortId} of store ${here.store} (${here.terminal}).`);
      return output.line(
        `Its key and its grant are in ${values["Terminal.DataDir"]}; start it with tillsync terminal.`,
      );
    }
    const url = databaseUrl(values);
    if (url === undefined)
      throw new SyncError("CONFIG_INVALID", "Enrolment needs the central database: set DATABASE_URL.", {
        field: "Server.DatabaseUrl",
      });
    const pool = openPool(url, { max: 1 });
    try {
      const { org, store, currency, name, shortId, id, kind, device } = options;
      const role = roleOf(options);
      const own = { ...(id === undefined ? {} : { id }), ...(kind === undefined ? {} : { kind }) };
      const terminal = shortId === undefined ? {} : { terminal: { shortId, ...own } };
      const speaker = device === undefined ? {} : { device };
      const enrolled = await enroll(pool, { org, store, currency, role, name, ...terminal, ...speaker }, Date.now());
      output.value(enrolled);
      output.line(`Key for ${name} (${role}) of store ${store}:\n\n  ${enrolled.key}\n`);
      if (enrolled.terminal) output.line(`Terminal ${enrolled.shortId}: ${enrolled.terminal}`);
      output.line("It is shown this once; the centre keeps only its hash.");
    } finally {
      await pool.end();
    }
  });
}

function roleOf({ role, foreign }: EnrollOptions): "terminal" | "foreign" | "admin" {
  if (foreign === true && (role ?? "foreign") === "foreign") return "foreign";
  if (foreign !== true && role !== undefined) return role;
  const got = foreign === true ? `--foreign and --role ${role}` : "neither";
  throw new SyncError("INVALID_INPUT", `Say one of --foreign and --role terminal|foreign|admin; got ${got}.`, {
    field: "role",
    expected: "terminal, foreign or admin",
  });
}
