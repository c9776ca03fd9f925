/** What a key management service is started with. */
import type { AuditSink } from "./audit/audit.ts";
import type { AuditSource } from "./audit/source.ts";
import type { EngineName } from "./crypto/engine.ts";
import type { RecipientVerifier } from "./enclaves/recipient.ts";
import type { Clock, Random } from "./env.ts";
import type { Directory } from "./identities/directory.ts";
import type { KeyStoreDriver } from "./keystore/driver.ts";
import { checkQuotaSetting, type QuotaSetting } from "./quota/request-quotas.ts";
import type { RootKeySource } from "./records/root-key.ts";
import type { RegionStores } from "./region-stores.ts";
import type { ExternalKeyStoreOptions } from "./stores/xks-client.ts";

export interface KmsOptions {
  /** Where sealed records are kept: `memoryKeystore()`, `sqliteKeystore({ path })`. The KMS closes it. */
  readonly keystore: KeyStoreDriver;
  /** The key under which everything else is sealed. */
  readonly rootKey: RootKeySource;
  /** As "us-east-1". */
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
  /**
   * Regions whose records lie in a store of their own: `{ "eu-west-1": sqliteKeystore({ path }) }`, or with a root key of
   * its own `{ "eu-west-1": { keystore, rootKey } }`. All other Regions, and the identities, lie in `keystore`.
   */
  readonly regions?: RegionStores;
  /** Who computes: "auto" by default, which is the fastest for each size; see `wasm-kms/engine`. */
  readonly engine?: EngineName;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Who hears of every request: `auditFiles({ folder })`, `auditTo(function)`, or a sink of your own. */
  readonly audit?: AuditSink | AuditSource;
  /** How many requests a second each account may send: "off" by default, "aws" as there, or numbers of your own. */
  readonly requestQuotas?: QuotaSetting;
  /** How the proxies of external key stores are called; by default with the runtime's `fetch`, and within 250 ms. */
  readonly externalKeyStores?: ExternalKeyStoreOptions;
  /** Who verifies enclaves (the member Recipient): `nitroEnclaves({ roots })` of `wasm-kms/enclaves`; nobody by default. */
  readonly enclaves?: RecipientVerifier;
  /** Who is who; by default the identities in the keystore, which `Kms.identities` manages. */
  readonly directory?: Directory;
}

/** @throws {TypeError} for options of a wrong form */
export function checkParts({ keystore, rootKey, requestQuotas, enclaves }: KmsOptions): void {
  if (requestQuotas !== undefined) checkQuotaSetting(requestQuotas);
  if (enclaves !== undefined && typeof enclaves?.verify !== "function") {
    throw new TypeError("enclaves must verify documents, as nitroEnclaves({ roots }) of wasm-kms/enclaves does.");
  }
  if (typeof keystore?.commit !== "function") {
    throw new TypeError('keystore must be a driver, as memoryKeystore() or sqliteKeystore({ path: "keys.sqlite" }).');
  }
  if (typeof rootKey?.open !== "function") {
    throw new TypeError("rootKey must be a source of the root key, as rootKeyFromBytes(bytes) of 32 secret bytes.");
  }
}
