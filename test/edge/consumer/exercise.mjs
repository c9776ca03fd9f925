// What a program does with the installed package, the same in every runtime. Returns what it saw.
import { createKms, memoryKeystore, rootKeyFromBytes } from "wasm-kms";
import { EncryptCommand, KMS, KMSClient, KmsError } from "wasm-kms/client";
import { createCore } from "wasm-kms/core";
import { createEnvelope, EnvelopeError, inspectMessage } from "wasm-kms/envelope";
import { memoryKeystore as sameKeystore } from "wasm-kms/keystore/memory";

const text = new TextEncoder();
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The first AES-256-GCM case with data of the GCM specification (McGrew and Viega), test case 14. */
export function exerciseCore() {
  const core = createCore();
  const key = core.importKey(new Uint8Array(32));
  const nonce = new Uint8Array(12);
  const sealed = key.seal(nonce, new Uint8Array(16));
  const opened = key.open(nonce, sealed);
  const flipped = sealed.with(0, sealed[0] ^ 1);
  const refused = key.open(nonce, flipped) === undefined;
  key.destroy();
  return {
    sealed: hex(sealed),
    opened: hex(opened),
    refused,
    abc: hex(core.hash("SHA-256", text.encode("abc"))),
    okm: hex(core.hkdf("SHA-256", text.encode("secret"), text.encode("salt"), text.encode("info"), 16)),
  };
}

export async function exerciseService() {
  const kms = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(crypto.getRandomValues(new Uint8Array(32))),
    region: "us-east-1",
    accountId: "000000000000",
  });
  const client = new KMSClient({ kms });
  const methods = new KMS({ kms });
  const { KeyMetadata } = await methods.createKey({});
  const Plaintext = text.encode("hello");
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: KeyMetadata.KeyId, Plaintext }));
  const { Plaintext: decrypted } = await methods.decrypt({ CiphertextBlob });
  const failure = await methods.describeKey({ KeyId: "alias/none" }).catch((error) => error);

  const envelope = createEnvelope({ kms, keyId: KeyMetadata.Arn });
  const data = new Uint8Array(200_000).map((_, i) => i * 31);
  const message = await envelope.seal(data, { context: { purpose: "test" } });
  const { plaintext, context } = await envelope.open(message);
  message[message.length - 1] ^= 1;
  const tampered = await envelope.open(message).catch((error) => error);
  await kms.close();
  return {
    decrypted: new TextDecoder().decode(decrypted),
    failure: [failure instanceof KmsError, failure.name],
    sameKeystore: sameKeystore === memoryKeystore,
    message: {
      suite: inspectMessage(message).suiteId,
      equal: plaintext.length === data.length && plaintext.every((byte, i) => byte === data[i]),
      purpose: context.purpose,
      tampered: tampered instanceof EnvelopeError,
    },
  };
}
