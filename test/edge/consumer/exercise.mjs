// What a program does with the installed package, the same in every runtime. Returns what it saw.
import { createKms, memoryKeystore, rootKeyFromBytes } from "wasm-kms";
import { EncryptCommand, KMS, KMSClient, KmsError } from "wasm-kms/client";
import { createCore } from "wasm-kms/core";
import { nitroEnclaves } from "wasm-kms/enclaves";
import { createEngine } from "wasm-kms/engine";
import { createEnvelope, EnvelopeError, inspectMessage } from "wasm-kms/envelope";
import { createEndpoint } from "wasm-kms/http";
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

/** Every engine against the core: the sizes lie below and above the crossover, the buffers are reused at once. */
export async function exerciseEngines() {
  const names = ["auto", "wasm", "native"];
  const seen = {};
  for (const engine of names) {
    let count = 0;
    for (const keyBytes of [16, 24, 32]) {
      const bytes = new Uint8Array(keyBytes).map((_, i) => i * 7);
      const reference = createCore().importKey(bytes);
      const key = createEngine({ engine }).aead(bytes);
      for (const size of [0, 1, 40, 1000, 1024, 5000, 100_000]) {
        const nonce = new Uint8Array(12).fill(size);
        const aad = new Uint8Array(size % 50).fill(size);
        const data = new Uint8Array(size).map((_, i) => i * 31);
        const expected = hex(reference.seal(nonce, data, aad));
        const opens = async (sealed, room) => hex((await key.openAsync(nonce, sealed, aad, room)) ?? []) === hex(data);
        const [copy, copiedNonce] = [data.slice(), nonce.slice()];
        const pending = key.sealAsync(copiedNonce, copy, aad, new Uint8Array(size + 20));
        copy.fill(0xee);
        copiedNonce.fill(0xee);
        const sealed = await pending;
        const changed = sealed.slice();
        changed[size] ^= 1;
        const right =
          hex(key.seal(nonce, data, aad)) === expected &&
          hex(sealed) === expected &&
          (await opens(sealed)) &&
          (await opens(sealed, new Uint8Array(size + 5))) &&
          (await key.openAsync(nonce, changed, aad)) === undefined &&
          (await key.openAsync(nonce, sealed.subarray(1), aad)) === undefined;
        if (!right) throw new Error(`The ${engine} engine is wrong at ${size} bytes with a key of ${keyBytes}.`);
        count++;
      }
      key.destroy();
      const late = await key.sealAsync(new Uint8Array(12), new Uint8Array(5000)).catch((error) => error);
      if (!(late instanceof TypeError)) throw new Error(`The ${engine} engine seals with a destroyed key.`);
    }
    seen[engine] = count;
  }
  return seen;
}

/** Algorithms of the runtime and of the bundled libraries, which are loaded when they are first needed. */
async function exerciseKeyPairs(kms) {
  const Message = text.encode("to be signed");
  const verified = [];
  for (const [KeySpec, SigningAlgorithm] of [
    ["ECC_NIST_P256", "ECDSA_SHA_256"],
    ["ECC_SECG_P256K1", "ECDSA_SHA_256"],
    ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512"],
    ["RSA_2048", "RSASSA_PSS_SHA_256"],
    ["ML_DSA_44", "ML_DSA_SHAKE_256"],
  ]) {
    const { KeyMetadata } = await kms.createKey({ KeySpec, KeyUsage: "SIGN_VERIFY" });
    const request = { KeyId: KeyMetadata.KeyId, Message, SigningAlgorithm };
    const { Signature } = await kms.sign(request);
    if ((await kms.verify({ ...request, Signature })).SignatureValid) verified.push(KeySpec);
  }
  const { KeyMetadata } = await kms.createKey({ KeySpec: "ML_KEM_768", KeyUsage: "ENCAPSULATE_DECAPSULATE" });
  const request = { KeyId: KeyMetadata.KeyId, EncapsulationAlgorithm: "ML_KEM" };
  const { SharedSecret, SharedSecretCiphertextBlob } = await kms.encapsulate(request);
  const opened = await kms.decapsulate({ ...request, SharedSecretCiphertextBlob });
  return { verified, agreed: hex(opened.SharedSecret) === hex(SharedSecret) };
}

async function exerciseEndpoint(kms) {
  const { fetch: unsigned } = createEndpoint({ kms, auth: "off" });
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.ListKeys" };
  const response = await unsigned(new Request("http://kms.example/", { method: "POST", headers, body: "{}" }));
  const policy = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "kms:ListKeys", Resource: "*" } };
  await kms.identities.create("user", "000000000000", "alice", { policies: { list: JSON.stringify(policy) } });
  const credentials = await kms.identities.createAccessKey("000000000000", "alice");
  const { fetch: signed } = createEndpoint({ kms });
  const send = async (target, secret) => {
    const answer = await signed(await signedRequest(target, { ...credentials, ...secret }));
    return [answer.status, (await answer.json()).__type ?? "answered"];
  };
  return {
    status: response.status,
    keys: (await response.json()).Keys.length,
    signed: [
      await send("ListKeys"),
      await send("ListAliases"),
      await send("ListKeys", { secretAccessKey: "x".repeat(40) }),
    ],
  };
}

/** Signs an empty request by AWS Signature Version 4, with the cryptography of the platform. */
async function signedRequest(target, { accessKeyId, secretAccessKey }) {
  const time = `${new Date().toISOString().slice(0, 19).replaceAll("-", "").replaceAll(":", "")}Z`;
  const headers = { host: "kms.example", "x-amz-date": time, "x-amz-target": `TrentService.${target}` };
  const sha256 = async (message) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", text.encode(message))));
  const hmac = async (key, message) => {
    const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", imported, text.encode(message)));
  };
  const names = Object.keys(headers);
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const canonical = `POST\n/\n\n${lines}\n${names.join(";")}\n${await sha256("{}")}`;
  const scope = [time.slice(0, 8), "us-east-1", "kms", "aws4_request"];
  let key = text.encode(`AWS4${secretAccessKey}`);
  for (const part of scope) key = await hmac(key, part);
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope.join("/")}\n${await sha256(canonical)}`;
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join("/")}, SignedHeaders=${names.join(";")}, ` +
    `Signature=${hex(await hmac(key, toSign))}`;
  const { host: _host, ...sent } = headers;
  return new Request("http://kms.example/", {
    method: "POST",
    headers: { ...sent, authorization, "content-type": "application/x-amz-json-1.1" },
    body: "{}",
  });
}

/** Random bytes for an enclave whose document the test has made, and what becomes of a changed document. */
export async function exerciseEnclave({ root, document }) {
  const fromHex = (digits) => Uint8Array.from(digits.match(/../g), (byte) => Number.parseInt(byte, 16));
  const kms = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(crypto.getRandomValues(new Uint8Array(32))),
    region: "us-east-1",
    accountId: "000000000000",
    enclaves: nitroEnclaves({ roots: [root] }),
  });
  const methods = new KMS({ kms: kms.as("root") });
  const KeyEncryptionAlgorithm = "RSAES_OAEP_SHA_256";
  const AttestationDocument = fromHex(document);
  const ask = () =>
    methods.generateRandom({ NumberOfBytes: 24, Recipient: { KeyEncryptionAlgorithm, AttestationDocument } });
  const { Plaintext, CiphertextForRecipient } = await ask();
  AttestationDocument[AttestationDocument.length - 1] ^= 1;
  const refusal = await ask().catch((error) => error);
  await kms.close();
  return { sealed: hex(CiphertextForRecipient), plain: Plaintext ?? null, refusal: [refusal.name, refusal.message] };
}

export async function exerciseService() {
  const kms = (
    await createKms({
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(crypto.getRandomValues(new Uint8Array(32))),
      region: "us-east-1",
      accountId: "000000000000",
    })
  ).as("root");
  const client = new KMSClient({ kms });
  const methods = new KMS({ kms });
  const { KeyMetadata } = await methods.createKey({});
  const Plaintext = text.encode("hello");
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: KeyMetadata.KeyId, Plaintext }));
  const { Plaintext: decrypted } = await methods.decrypt({ CiphertextBlob });
  const failure = await methods.describeKey({ KeyId: "alias/none" }).catch((error) => error);

  const envelope = createEnvelope({ kms, keyId: KeyMetadata.Arn, engine: "native" });
  const data = new Uint8Array(200_000).map((_, i) => i * 31);
  const message = await envelope.seal(data, { context: { purpose: "test" } });
  const { plaintext, context } = await envelope.open(message);
  message[message.length - 1] ^= 1;
  const tampered = await envelope.open(message).catch((error) => error);
  const keyPairs = await exerciseKeyPairs(methods);
  const http = await exerciseEndpoint(kms);
  await kms.close();
  return {
    keyPairs,
    http,
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
