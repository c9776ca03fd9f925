/**
 * An external key store as it is kept. Its secret access key lies behind `Secret` and never in JSON; whether it is
 * connected is said here and nowhere else, so that its keys follow without being touched. Values are immutable.
 */
import { secretRecord } from "../records/secret-record.ts";
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

export const customKeyStoreRecord = secretRecord<CustomKeyStore>("custom-key-store");
