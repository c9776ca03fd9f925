/**
 * The AWS Encryption SDK for JavaScript (@aws-crypto/client-node): the same message format, over this project's key
 * management service in the same process, so that neither side waits for a network. Its frames are made as large as
 * ours; with its usual ones of 4 KiB it takes longer.
 */
import { AlgorithmSuiteIdentifier, buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";
import { KMS } from "../../src/client/client.ts";
import type { KmsBench } from "../kms-bench.ts";

const FRAME_BYTES = 65_536;
const SUITE = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;

type Supplier = NonNullable<NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>["clientProvider"]>;
type Client = Exclude<ReturnType<Supplier>, false>;

export interface MessageSdk {
  seal(plaintext: Uint8Array): Promise<Uint8Array>;
  open(message: Uint8Array): Promise<Uint8Array>;
}

export function awsEncryptionSdk({ kms, keyArn }: KmsBench): MessageSdk {
  const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const client = new KMS({ kms }) as unknown as Client;
  const keyring = new KmsKeyringNode({ clientProvider: () => client, generatorKeyId: keyArn });
  return {
    async seal(plaintext) {
      const { result } = await sdk.encrypt(keyring, plaintext, { suiteId: SUITE, frameLength: FRAME_BYTES });
      return result;
    },
    async open(message) {
      const { plaintext } = await sdk.decrypt(keyring, message);
      return plaintext;
    },
  };
}
