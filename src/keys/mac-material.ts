/** Key material for HMAC: the record's plaintext is the key itself, as long as its spec says. */
import { Secret } from "../crypto/secret.ts";
import type { Random } from "../env.ts";
import type { RecordType } from "../records/record-store.ts";
import { secretBytes } from "../secret-bytes.ts";

/** A new key from fresh random bytes. */
export function generateMacKey(random: Random, lengthBytes: number): Secret {
  const bytes = secretBytes(lengthBytes);
  random.fill(bytes);
  return Secret.adopt(bytes);
}

export const macRecord: RecordType<Secret> = {
  name: "mac-material",
  cacheLimit: 512,
  encode(key) {
    const record = secretBytes(key.lengthBytes);
    key.expose((bytes) => record.set(bytes));
    return record;
  },
  decode: (record) => Secret.copy(record),
  dispose: (key) => key.wipe(),
};
