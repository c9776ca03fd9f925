/**
 * Who gets an answer sealed instead of in the clear: an enclave that has proved what it is with an attestation document.
 * Members: AWS KMS API reference, "RecipientInfo".
 */
import type { Random } from "../env.ts";

/** What a verified attestation document says of an enclave. */
export interface Attestation {
  /** The enclave's id, as "i-1234567890abcdef0-enc9876543210abcde". */
  readonly moduleId: string;
  /** The platform configuration registers by their index, 0 to 31. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
}

/** An enclave that holds the private key to what is sealed for it. */
export interface Recipient extends Attestation {
  /**
   * `plaintext` as AWS KMS's CiphertextForRecipient, under fresh entropy. The plaintext is read until the promise
   * settles, and stays its holder's to wipe.
   */
  seal(plaintext: Uint8Array, random: Random): Promise<Uint8Array>;
}

/** Verifies attestation documents: `nitroEnclaves({ roots })` of `wasm-kms/enclaves`. */
export interface RecipientVerifier {
  /**
   * @param document the member AttestationDocument; read until the promise settles
   * @throws {KmsError} ValidationException for a document that is not valid now
   */
  verify(document: Uint8Array, nowMs: number): Promise<Recipient>;
}
