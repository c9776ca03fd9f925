/** Records that are JSON but for one secret: the length of the JSON in two bytes, the JSON, then the secret's bytes. */
import { Secret } from "../crypto/secret.ts";
import { ByteReader, concatSecretBytes, uintBytes } from "./encoding.ts";
import { jsonRecord } from "./json-record.ts";
import type { RecordType } from "./record-type.ts";

const LENGTH_BYTES = 2;

interface WithSecret {
  readonly secret: Secret;
}

/** @throws {RangeError} when a value is written whose JSON has 65,536 bytes or more */
export function secretRecord<T extends WithSecret>(name: string): RecordType<T> {
  const head = jsonRecord<Omit<T, "secret">>(name);
  return {
    name,
    encode({ secret, ...rest }) {
      const json = head.encode(rest);
      return secret.expose((bytes) => concatSecretBytes(uintBytes(json.length, LENGTH_BYTES), json, bytes));
    },
    decode(record) {
      const reader = new ByteReader(record);
      const rest = head.decode(reader.take(reader.uint(LENGTH_BYTES)));
      return { ...rest, secret: Secret.copy(reader.take(record.length - reader.offset)) } as T;
    },
    dispose: ({ secret }) => secret.wipe(),
  };
}
