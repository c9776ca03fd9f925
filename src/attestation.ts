/**
 * Requests of enclaves (the member Recipient): the document is verified before anything is judged, so that policies may
 * ask for what it says, and the secret member of the answer leaves sealed for the enclave alone.
 * Source: AWS KMS API reference, "RecipientInfo" and "CiphertextForRecipient".
 */
import type { Recipient, RecipientVerifier } from "./enclaves/recipient.ts";
import type { Random } from "./env.ts";
import { KmsError } from "./errors.ts";
import type { recipient } from "./model/scalars.ts";
import { wipeSensitive } from "./model/sensitive.ts";
import type { ValueOf } from "./model/shape.ts";
import type { AnyOperation } from "./operations/operation.ts";

type Members = Record<string, unknown>;

/** @throws {KmsError} UnsupportedOperationException without a verifier, ValidationException for an invalid document */
export async function verifyRecipient(
  verifier: RecipientVerifier | undefined,
  { KeyEncryptionAlgorithm, AttestationDocument }: ValueOf<typeof recipient>,
  nowMs: number,
): Promise<Recipient> {
  if (verifier === undefined) {
    throw new KmsError(
      "UnsupportedOperationException",
      "The member Recipient is not supported here: this service was started without root certificates of enclaves. " +
        "Give them to it with createKms({ enclaves: nitroEnclaves({ roots }) }) or wasm-kms serve --enclave-root.",
    );
  }
  if (KeyEncryptionAlgorithm === undefined || AttestationDocument === undefined) {
    const missing = KeyEncryptionAlgorithm === undefined ? "keyEncryptionAlgorithm" : "attestationDocument";
    throw new KmsError(
      "ValidationException",
      "1 validation error detected: " +
        `Value null at 'recipient.${missing}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return verifier.verify(AttestationDocument, nowMs);
}

/** The answer with CiphertextForRecipient in the place of its secret member, which is wiped whatever happens. */
export async function sealedAnswer(
  { recipientGets, output: shape }: AnyOperation,
  output: Members,
  recipient: Recipient,
  random: Random,
): Promise<Members> {
  try {
    const { [recipientGets!]: secret, ...rest } = output;
    return { ...rest, CiphertextForRecipient: await recipient.seal(secret as Uint8Array, random) };
  } finally {
    wipeSensitive(shape, output);
  }
}
