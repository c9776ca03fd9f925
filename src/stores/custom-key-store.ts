/**
 * An external key store as it is kept. Its secret access key lies behind `Secret` and never in JSON; whether it is
 * connected is said here and nowhere else, so that its keys follow without being touched. Values are immutable.
 */
import { Secret } from "../crypto/secret.ts";
import { ByteReader, concatBytes, uintBytes } from "../records/encoding.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { RecordType } from "../records/record-store.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { XksProxy } from "./xks-client.ts";
import type { ConnectionErrorCode } from "./xks-failure.ts";

export interface CustomKeyStore extends XksProxy {
  /** "cks-" and 17 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly connection: "CONNECTED" | "DISCONNECTED" | "FAILED";
  /** Why it has failed. */
  readonly connectionError?: ConnectionErrorCode;
}

type Head = Omit<CustomKeyStore, "secret">;

const headRecord = jsonRecord<Head>("custom-key-store");
const LENGTH_BYTES = 4;

/** JSON of all but the secret, with its length before it, then the secret. */
export const customKeyStoreRecord: RecordType<CustomKeyStore> = {
  name: headRecord.name,
  encode({ secret, ...rest }) {
    const json = headRecord.encode(rest);
    const head = concatBytes(uintBytes(json.length, LENGTH_BYTES), json);
    return secret.expose((bytes) => {
      const record = secretBytes(head.length + bytes.length);
      record.set(head);
      record.set(bytes, head.length);
      return record;
    });
  },
  decode(record) {
    const reader = new ByteReader(record);
    const head = headRecord.decode(reader.take(reader.uint(LENGTH_BYTES)));
    return { ...head, secret: Secret.copy(reader.take(record.length - reader.offset)) };
  },
  dispose: ({ secret }) => secret.wipe(),
};
