import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  ASSERTION_SECONDS,
  type GrantClaims,
  grantClaims,
  parseAs,
  SIGNED_TYPES,
  SyncError,
  thumbprintText,
} from "@tillsync/protocol";

/** Beside the till's database and never in it: a copy of the database gives nobody the key. */
export const KEY_FILE = "terminal-key";
/** What the centre signed at enrolment; no secret. */
export const GRANT_FILE = "terminal-grant";

/** The key pair of this machine. The private half never leaves the file. */
export interface MachineKey {
  /** `x` of the public key. */
  readonly x: string;
  /** RFC 7638 thumbprint. */
  readonly thumbprint: string;
  readonly privateKey: KeyObject;
}

/** The machine's key in a folder; undefined when it has none. @throws SyncError CONFIG_INVALID when it cannot be read */
export function readMachineKey(folder: string): MachineKey | undefined {
  const file = join(folder, KEY_FILE);
  const pem = readIfThere(file);
  if (pem === undefined) return undefined;
  try {
    // Somebody copied it about: only its owner has to read it. Windows keeps files of a user to that user by itself.
    chmodSync(file, 0o600);
  } catch {
    // It belongs to somebody else, who lets us read it.
  }
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== "ed25519") throw new Error("it is of another type");
    return keyOf(privateKey);
  } catch (cause) {
    const message = `${file} is no Ed25519 key. Put it back from where it came, or enrol this machine as a replacement.`;
    throw new SyncError("CONFIG_INVALID", message, { field: KEY_FILE }, cause);
  }
}

/** The machine's key, made when there is none. @throws SyncError CONFIG_INVALID, DATA_DIR_NOT_WRITABLE */
export function ensureMachineKey(folder: string): MachineKey {
  const kept = readMachineKey(folder);
  if (kept !== undefined) return kept;
  const { privateKey } = generateKeyPairSync("ed25519");
  keepFile(folder, KEY_FILE, privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  return keyOf(privateKey);
}

/** The grant in a folder, as it came; undefined when there is none. */
export function readGrantText(folder: string): string | undefined {
  return readIfThere(join(folder, GRANT_FILE))?.trim();
}

/** @throws SyncError DATA_DIR_NOT_WRITABLE */
export function keepGrantText(folder: string, grant: string): void {
  keepFile(folder, GRANT_FILE, `${grant}\n`);
}

/** What a grant says. Its signature is the centre's to check. @throws SyncError CONFIG_INVALID */
export function grantSays(grant: string): GrantClaims {
  try {
    const payload = Buffer.from(grant.split(".")[1] ?? "", "base64url").toString("utf8");
    return parseAs(grantClaims, JSON.parse(payload), "CONFIG_INVALID");
  } catch (cause) {
    const message = `${GRANT_FILE} cannot be read: put it back from where it came, or enrol this machine again.`;
    throw new SyncError("CONFIG_INVALID", message, { field: GRANT_FILE }, cause);
  }
}

/**
 * What the terminal signs to be given a token. One fixed shape, and nothing is ever verified here: Node's own Ed25519 does
 * it, without a library.
 *
 * @param nowS the centre's clock, seconds since 1970
 */
export function signAssertion(
  key: MachineKey,
  { terminal, centreId }: { terminal: string; centreId: string },
  nowS: number,
) {
  const header = { alg: "EdDSA", typ: SIGNED_TYPES.assertion, kid: key.thumbprint };
  const claims = {
    ...{ iss: terminal, sub: terminal, aud: centreId, iat: nowS, exp: nowS + ASSERTION_SECONDS },
    jti: randomBytes(16).toString("base64url"),
  };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign(null, Buffer.from(text), key.privateKey).toString("base64url")}`;
}

function keyOf(privateKey: KeyObject): MachineKey {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return { x, thumbprint: createHash("sha256").update(thumbprintText(x)).digest("base64url"), privateKey };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as { code?: string }).code === "ENOENT") return undefined;
    throw new SyncError("CONFIG_INVALID", `${file} cannot be read by this user.`, { field: file }, cause);
  }
}

/** Whole or not at all, whatever happens meanwhile, and readable by nobody else at any moment. */
function keepFile(folder: string, name: string, text: string): void {
  const file = join(folder, name);
  const draft = `${file}.new`;
  try {
    const handle = openSync(draft, "w", 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, file);
  } catch (cause) {
    const message = `${file} cannot be written (${(cause as { code?: string }).code}).`;
    throw new SyncError("DATA_DIR_NOT_WRITABLE", message, { dataDir: folder }, cause);
  }
}
