/**
 * The file that a proxy lives on: its path, the credentials of KMS, and the external keys. It is read again when it has
 * changed, so a key is disabled, or a credential added, without a restart.
 *
 *   { "uriPath": "/demo/kms/xks/v1",
 *     "accessKeys": { "<access key id>": "<secret access key>" },
 *     "keys": { "<external key id>": { "enabled": true, "versions": ["<base64 of 32 bytes>", …] } } }
 *
 * The last version of a key encrypts; the others open what they have encrypted.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";

const KEY_BYTES = 32;
const MAX_VERSIONS = 255;
const URI_PATH = /^(?:\/[a-zA-Z0-9/_-]+)?\/kms\/xks\/v1$/;
const ACCESS_KEY_ID = /^[A-Z2-7]{20,30}$/;
const SECRET = /^[a-zA-Z0-9/+=]{43,64}$/;
const KEY_ID = /^[a-zA-Z0-9-_.]{1,128}$/;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Settings that are as fresh as their file. A file that is wrong after a change leaves the last good ones in force. */
export function openKeyFile(path, report = () => {}) {
  let settings = readSettings(path);
  let seen = stampOf(path);
  return {
    get settings() {
      const stamp = stampOf(path);
      if (stamp !== seen) {
        seen = stamp;
        try {
          settings = readSettings(path);
        } catch (error) {
          report(`${path} is not taken: ${error.message}`);
        }
      }
      return settings;
    },
  };
}

/** Writes a file with a credential and one key, both new, for its owner alone. Refuses to replace one. */
export function makeKeyFile(path) {
  const accessKeyId = Array.from(randomBytes(20), (byte) => BASE32[byte & 31]).join("");
  const settings = {
    uriPath: "/demo/kms/xks/v1",
    accessKeys: { [accessKeyId]: randomBytes(32).toString("base64") },
    keys: { "external-key-1": { enabled: true, versions: [randomBytes(KEY_BYTES).toString("base64")] } },
  };
  writeFileSync(path, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  return settings;
}

function stampOf(path) {
  const { mtimeMs, size, ino } = statSync(path);
  return `${mtimeMs}/${size}/${ino}`;
}

function readSettings(path) {
  const { uriPath, accessKeys, keys } = JSON.parse(readFileSync(path, "utf8"));
  if (!URI_PATH.test(uriPath)) throw new Error("uriPath must end in /kms/xks/v1.");
  for (const [id, secret] of Object.entries(accessKeys)) {
    if (!ACCESS_KEY_ID.test(id) || !SECRET.test(secret)) throw new Error(`The access key ${id} has a wrong form.`);
  }
  const read = new Map();
  for (const [id, { enabled, versions }] of Object.entries(keys)) {
    const bytes = versions.map((text) => Buffer.from(text, "base64"));
    const isWhole =
      bytes.length >= 1 && bytes.length <= MAX_VERSIONS && bytes.every(({ length }) => length === KEY_BYTES);
    if (!KEY_ID.test(id) || !isWhole) throw new Error(`The key ${id} needs versions of ${KEY_BYTES} bytes in base64.`);
    read.set(id, { enabled: enabled === true, versions: bytes });
  }
  return { uriPath, accessKeys, keys: read };
}
