import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { parseAs, SyncError } from "@tillsync/protocol";
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { type Manifest, manifest } from "./manifest.ts";

/** Who can open a backup: whoever has the identity behind a public key, or whoever knows a passphrase. */
export type Lock = { readonly recipient: string } | { readonly passphrase: string };
export type Key = { readonly identity: string } | { readonly passphrase: string };

const NEWLINE = 10;
/** A manifest has some hundred bytes, and a hundred more for each life. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** A key pair for backups: the recipient goes to the tills, the identity into a safe. */
export async function makeKeyPair(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

export interface Packed {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a database as a backup: its manifest as one line, then its bytes; packed with zstd and encrypted with age
 * (https://age-encryption.org/v1), so that `age -d FILE | zstd -d` opens it without anything of ours. The file has its name
 * once it is whole and on the disk.
 *
 * @throws SyncError CONFIG_INVALID for a recipient that is none
 */
export async function packBackup(database: string, about: Manifest, lock: Lock, file: string): Promise<Packed> {
  const part = `${file}.part`;
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const plain = Readable.from(lineThenFile(`${JSON.stringify(about)}\n`, database), { objectMode: false });
    const packed = plain.pipe(createZstdCompress());
    plain.on("error", (error) => packed.destroy(error));
    const encrypted = await encrypterFor(lock).encrypt(Readable.toWeb(packed) as globalThis.ReadableStream<Uint8Array>);
    const counted = async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        bytes += piece.length;
        hash.update(piece);
        yield piece;
      }
    };
    const out = (await open(part, "w", 0o600)).createWriteStream();
    await pipeline(Readable.fromWeb(encrypted as WebStream), counted, out);
    await flushed(part);
    await rename(part, file);
    return { bytes, sha256: hash.digest("hex") };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function* lineThenFile(line: string, file: string): AsyncGenerator<Buffer> {
  yield Buffer.from(line);
  for await (const piece of createReadStream(file, { highWaterMark: 256 * 1024 })) yield piece as Buffer;
}

function encrypterFor(lock: Lock): Encrypter {
  const encrypter = new Encrypter();
  if ("passphrase" in lock) {
    encrypter.setPassphrase(lock.passphrase);
    return encrypter;
  }
  try {
    encrypter.addRecipient(lock.recipient);
    return encrypter;
  } catch (cause) {
    const facts = { field: "Backup.Recipient", expected: "a public key such as age1..." };
    throw new SyncError("CONFIG_INVALID", "Backup.Recipient is no public key of age.", facts, cause);
  }
}

/**
 * Opens a backup and writes its database to `to`, or nowhere at all to see that it can be opened. Bytes and hash are those
 * that the manifest names, or nothing is left of it.
 *
 * @throws SyncError BACKUP_UNREADABLE
 */
export async function unpackBackup(file: string, key: Key, to: string): Promise<Manifest> {
  // Opened before anything can fail: a stream that opens by itself may do so after what failed was cleared away.
  const out = (await opening(to, file)).createWriteStream();
  try {
    const decrypted = await openedWith(file, key);
    const unpacked = decrypted.pipe(createZstdDecompress());
    decrypted.on("error", (error) => unpacked.destroy(error));
    const reading = new Reading();
    await pipeline(unpacked, (pieces: AsyncIterable<Buffer>) => reading.database(pieces), out);
    await flushed(to);
    return reading.finished();
  } catch (cause) {
    out.destroy();
    await rm(to, { force: true });
    throw cause instanceof SyncError ? cause : unreadable(file, cause);
  }
}

/** What stands there already is not written over, and stays. */
async function opening(to: string, file: string): Promise<FileHandle> {
  try {
    return await open(to, "wx", 0o600);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function openedWith(file: string, key: Key): Promise<Readable> {
  const decrypter = new Decrypter();
  if ("passphrase" in key) decrypter.addPassphrase(key.passphrase);
  else decrypter.addIdentity(key.identity);
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  const stream = await decrypter.decrypt(Readable.toWeb(source) as globalThis.ReadableStream<Uint8Array>);
  return Readable.fromWeb(stream as WebStream);
}

/** The manifest off the front, and the rest counted and hashed. */
class Reading {
  readonly #hash = createHash("sha256");
  #about: Manifest | undefined;
  #bytes = 0;

  async *database(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let head: Buffer = Buffer.alloc(0);
    for await (const piece of pieces) {
      if (this.#about !== undefined) {
        yield this.#counted(piece, this.#about);
        continue;
      }
      head = Buffer.concat([head, piece]);
      const end = head.indexOf(NEWLINE);
      if (end < 0 && head.length > MAX_MANIFEST_BYTES) throw new Error("it does not begin with a manifest");
      if (end < 0) continue;
      this.#about = parseAs(manifest, JSON.parse(head.toString("utf8", 0, end)), "BACKUP_UNREADABLE");
      yield this.#counted(head.subarray(end + 1), this.#about);
    }
  }

  #counted(piece: Buffer, { bytes }: Manifest): Buffer {
    this.#bytes += piece.length;
    if (this.#bytes > bytes) throw new Error("it is longer than its manifest says");
    this.#hash.update(piece);
    return piece;
  }

  finished(): Manifest {
    if (this.#about === undefined) throw new Error("it does not begin with a manifest");
    const { bytes, sha256 } = this.#about;
    if (this.#bytes !== bytes || this.#hash.digest("hex") !== sha256)
      throw new Error("its bytes are not those it was made of");
    return this.#about;
  }
}

function unreadable(file: string, cause: unknown): SyncError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const why = /no identity matched|incorrect passphrase|passphrase/i.test(said)
    ? "this key or passphrase does not open it"
    : said;
  return new SyncError("BACKUP_UNREADABLE", `${file} cannot be restored: ${why}.`, { file }, cause);
}

async function flushed(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Size and hash of a file, as the manifest and destinations name it. */
export async function digestOf(file: string): Promise<Packed> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
