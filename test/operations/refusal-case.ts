/** The form of a wrong request and of what AWS answers to it. */
import { ARN_PREFIX } from "./service.ts";

export const UNKNOWN = "00000000-0000-4000-8000-000000000000";
/** What makes a store over a CloudHSM cluster, of which there is none. */
export const CLOUDHSM_SETTINGS = {
  CloudHsmClusterId: "cluster-abcdefghijk",
  KeyStorePassword: "password-of-a-store",
  TrustAnchorCertificate: "-----BEGIN CERTIFICATE-----",
};
export const NO_MESSAGE = "UnknownError";
export const enabledPlaintext = { Plaintext: new Uint8Array(8) };

/** What the cases are about: keys in several states, and a ciphertext. */
export interface Fixture {
  readonly key: string;
  readonly other: string;
  readonly disabled: string;
  readonly doomed: string;
  readonly blob: Uint8Array;
}

export type Case = readonly [
  what: string,
  operation: string,
  input: (f: Fixture) => object,
  name: string,
  message: string | ((f: Fixture) => string),
];

export const arn = (keyId: string) => `${ARN_PREFIX}:key/${keyId}`;
export const validation = (text: string) => `1 validation error detected: ${text}`;
