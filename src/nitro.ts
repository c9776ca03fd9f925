/**
 * `wasm-kms/enclaves`: answers for AWS Nitro enclaves alone (the member Recipient). The platform is bound here.
 */
import { platform } from "#platform";
import { type NitroOptions, nitroVerifier } from "./enclaves/nitro-verifier.ts";
import type { RecipientVerifier } from "./enclaves/recipient.ts";

/**
 * For `createKms({ enclaves: nitroEnclaves({ roots }) })`: verifies attestation documents down from these roots.
 * @throws {TypeError} for options of a wrong form
 */
export function nitroEnclaves(options: NitroOptions): RecipientVerifier {
  return nitroVerifier(platform, options);
}

export type { Attestation, Recipient, RecipientVerifier } from "./enclaves/recipient.ts";
export type { NitroOptions };
