/**
 * Root keys from a file or from the environment of a Node.js process. Both are read when a keystore is opened, not
 * before, and the bytes are wiped as soon as what is needed has been derived from them.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import { platform } from "node:os";
import { dirname, resolve } from "node:path";
import type { Random } from "./env.ts";
import { KeystoreError } from "./errors.ts";
import { decodeBase64 } from "./model/base64.ts";
import { bindRootKey, checkRootKey, ROOT_KEY_BYTES, type RootKeySource } from "./records/root-key.ts";
import { secretBytes } from "./secret-bytes.ts";

export interface RootKeyFileOptions {
  /** Makes a new root key where there is no file. Default: false, so that a mistyped path does not. */
  readonly create?: boolean;
}

/**
 * The root key in a file of exactly 32 raw bytes, which only its owner may read (on POSIX; elsewhere that is up to
 * you). A link is refused. Opening throws a KeystoreError for a file that is missing, open to others, or no key.
 */
export function rootKeyFromFile(path: string, { create = false }: RootKeyFileOptions = {}): RootKeySource {
  const file = resolve(path);
  return {
    async open({ crypto, random }) {
      const bytes = secretBytes(ROOT_KEY_BYTES);
      try {
        if (!readKeyFile(file, bytes)) {
          if (!create) {
            throw new KeystoreError(
              `There is no root key file ${file}; restore it, or make one with { create: true }.`,
            );
          }
          createKeyFile(file, random);
          // Read back, because another process may have been faster; its key is the one to use.
          if (!readKeyFile(file, bytes)) throw new KeystoreError(`The root key file ${file} disappeared; try again.`);
        }
        checkRootKey(bytes, `The root key in ${file}`);
        return bindRootKey(bytes, crypto, random);
      } finally {
        bytes.fill(0);
      }
    },
  };
}

/**
 * The root key in an environment variable, as canonical base64 of 32 bytes. Other code of this process, and whoever
 * may read its environment from outside, can read the variable too, and it cannot be wiped: prefer a file. Opening
 * throws a KeystoreError if the variable is missing or no key.
 */
export function rootKeyFromEnv(name: string): RootKeySource {
  return {
    async open({ crypto, random }) {
      const text = Object.hasOwn(process.env, name) ? process.env[name] : undefined;
      if (text === undefined || text === "") {
        throw new KeystoreError(
          `The environment variable ${name} is not set; it holds the root key, as base64 of ${ROOT_KEY_BYTES} bytes.`,
        );
      }
      const bytes = decodeKey(name, text);
      try {
        checkRootKey(bytes, `The root key in the environment variable ${name}`);
        return bindRootKey(bytes, crypto, random);
      } finally {
        bytes.fill(0);
      }
    },
  };
}

function decodeKey(name: string, text: string): Uint8Array {
  try {
    return decodeBase64(text);
  } catch {
    // Without the cause: no part of a key belongs into an error.
    throw new KeystoreError(
      `The environment variable ${name} is not canonical base64 (RFC 4648 section 4, padded, without white space) of ` +
        `${ROOT_KEY_BYTES} bytes.`,
    );
  }
}

/** Fills `key` from the file and returns true, or returns false where there is no file. */
function readKeyFile(file: string, key: Uint8Array): boolean {
  const descriptor = openKeyFile(file);
  if (descriptor === undefined) return false;
  try {
    const status = fstatSync(descriptor);
    checkKeyFile(file, status);
    for (let offset = 0; offset < key.length; ) {
      const readBytes = readSync(descriptor, key, offset, key.length - offset, null);
      if (readBytes === 0) throw wrongLength(file, offset);
      offset += readBytes;
    }
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function openKeyFile(file: string): number | undefined {
  // Not through a link, and without waiting for the writer of a pipe; Windows knows neither flag.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    return openSync(file, flags);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") {
      throw new KeystoreError(`The root key file ${file} is a link; name the file itself.`, { cause: error });
    }
    throw new KeystoreError(`The root key file ${file} cannot be read: ${message}`, { cause: error });
  }
}

function checkKeyFile(file: string, status: Stats): void {
  if (!status.isFile()) throw new KeystoreError(`The root key file ${file} is not a regular file.`);
  if (platform() !== "win32" && (status.mode & 0o077) !== 0) {
    const mode = (status.mode & 0o777).toString(8).padStart(4, "0");
    throw new KeystoreError(
      `The root key file ${file} can be read or changed by other users (mode ${mode}); run: chmod 600 ${file}`,
    );
  }
  const ownUid = process.getuid?.();
  if (ownUid !== undefined && status.uid !== ownUid && status.uid !== 0) {
    throw new KeystoreError(
      `The root key file ${file} belongs to another user (uid ${status.uid}); use one of your own.`,
    );
  }
  if (status.size !== ROOT_KEY_BYTES) throw wrongLength(file, status.size);
}

function wrongLength(file: string, lengthBytes: number): KeystoreError {
  return new KeystoreError(
    `The root key file ${file} must hold exactly ${ROOT_KEY_BYTES} raw bytes; it holds ${lengthBytes}.`,
  );
}

/**
 * Makes the file with a new key, or leaves the one that another process has made meanwhile. The name appears only when
 * the whole key is on the disk: it is given to a finished file by `link`, which never replaces one.
 */
function createKeyFile(file: string, random: Random): void {
  const draft = `${file}.${draftSuffix(random)}`;
  const key = secretBytes(ROOT_KEY_BYTES);
  try {
    random.fill(key);
    try {
      writeDraft(draft, key);
      linkSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
    syncFolder(dirname(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    throw new KeystoreError(`The root key file ${file} cannot be created: ${message}`, { cause: error });
  } finally {
    key.fill(0);
  }
}

function draftSuffix(random: Random): string {
  const draw = new Uint8Array(16);
  random.fill(draw);
  return `${Buffer.from(draw).toString("hex")}.new`;
}

function writeDraft(draft: string, key: Uint8Array): void {
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    for (let offset = 0; offset < key.length; ) offset += writeSync(descriptor, key, offset);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(folder: string): void {
  if (platform() === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
