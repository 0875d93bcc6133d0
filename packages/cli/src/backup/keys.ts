import { readFileSync, writeFileSync } from "node:fs";
import { type Key, type Lock, makeKeyPair } from "@tillsync/connectors/backup";
import { SyncError } from "@tillsync/protocol";

export interface LockOptions {
  readonly recipient?: string | undefined;
  readonly passphraseFile?: string | undefined;
}

/** Whom a backup is encrypted for: as typed, else as configured. Undefined when nobody said. */
export function lockOf(
  typed: LockOptions,
  configured: { recipient?: string | undefined; passphrase?: string | undefined },
): Lock | undefined {
  if (typed.recipient !== undefined) return { recipient: typed.recipient };
  if (typed.passphraseFile !== undefined) return { passphrase: passphraseIn(typed.passphraseFile) };
  if (configured.recipient !== undefined) return { recipient: configured.recipient };
  return configured.passphrase === undefined ? undefined : { passphrase: configured.passphrase };
}

/** @throws SyncError CONFIG_INVALID when neither was given, or a file says nothing */
export function keyOf({
  identity,
  passphraseFile,
}: {
  identity?: string | undefined;
  passphraseFile?: string | undefined;
}): Key {
  if (passphraseFile !== undefined) return { passphrase: passphraseIn(passphraseFile) };
  if (identity === undefined)
    throw new SyncError(
      "CONFIG_INVALID",
      "A backup opens with its key: give --identity FILE or --passphrase-file FILE.",
      {
        field: "identity",
      },
    );
  const found = /^AGE-SECRET-KEY-1[0-9A-Z]+$/m.exec(readFileSync(identity, "utf8"))?.[0];
  if (found !== undefined) return { identity: found };
  throw new SyncError("CONFIG_INVALID", `${identity} holds no key for backups (AGE-SECRET-KEY-1...).`, {
    field: "identity",
  });
}

/** Makes a key pair; the file is for the safe and is never written over. */
export async function makeKeyFile(file: string): Promise<{ readonly file: string; readonly recipient: string }> {
  const { identity, recipient } = await makeKeyPair();
  const text = `# Opens the backups of all tills that have this recipient. Keep it where no till is, twice.\n# recipient: ${recipient}\n${identity}\n`;
  writeFileSync(file, text, { flag: "wx", mode: 0o600 });
  return { file, recipient };
}

function passphraseIn(file: string): string {
  const text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  if (text.length >= 8) return text;
  throw new SyncError("CONFIG_INVALID", `${file} must hold a passphrase of 8 characters or more.`, {
    field: "passphraseFile",
  });
}
