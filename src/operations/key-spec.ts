/** What answers tell of a key's spec and algorithms: the list of its usage and no other. Source: "KeyMetadata". */
import { algorithmsOf } from "../crypto/algorithms.ts";
import type { Key } from "../keys/key.ts";
import {
  encapsulationAlgorithm,
  encryptionAlgorithm,
  keyAgreementAlgorithm,
  macAlgorithm,
  signingAlgorithm,
} from "../model/scalars.ts";
import { list } from "../model/shape.ts";

/** GetPublicKey has all of them but the MACs. */
export const publicAlgorithmLists = {
  EncryptionAlgorithms: list(encryptionAlgorithm),
  SigningAlgorithms: list(signingAlgorithm),
  KeyAgreementAlgorithms: list(keyAgreementAlgorithm),
  EncapsulationAlgorithms: list(encapsulationAlgorithm),
};

export const algorithmLists = { ...publicAlgorithmLists, MacAlgorithms: list(macAlgorithm) };

const LIST_OF_USAGE = {
  ENCRYPT_DECRYPT: "EncryptionAlgorithms",
  SIGN_VERIFY: "SigningAlgorithms",
  GENERATE_VERIFY_MAC: "MacAlgorithms",
  KEY_AGREEMENT: "KeyAgreementAlgorithms",
  ENCAPSULATE_DECAPSULATE: "EncapsulationAlgorithms",
} as const;

/** The members of a key's spec; specs newer than the deprecated member stand in it all the same. */
export function describeSpec({ keySpec, keyUsage }: Key) {
  return {
    KeyUsage: keyUsage,
    CustomerMasterKeySpec: keySpec as Exclude<typeof keySpec, `ML_${string}` | "ECC_NIST_EDWARDS25519">,
    KeySpec: keySpec,
    [LIST_OF_USAGE[keyUsage]]: [...algorithmsOf(keySpec, keyUsage)],
  };
}
