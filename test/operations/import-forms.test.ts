/** Import of key material of all kinds, and the tokens and wrappings with which it comes. */
import { createHmac, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { arnOf, type Bytes, FOREVER, Owner, oaep, openssl, path, pkcs8Of, text, WRAPS } from "./owner.ts";
import { type Call, DAY_MS, failureOf, type Service, startService } from "./service.ts";

let service: Service;
let owner: Owner;
let call: Call;

beforeEach(async () => {
  service = await startService();
  call = service.kms.execute as unknown as Call;
  owner = new Owner(call);
});

describe("keys of other kinds", () => {
  it.each([
    ["HMAC_224", 28, "sha224"],
    ["HMAC_256", 32, "sha256"],
    ["HMAC_384", 48, "sha384"],
    ["HMAC_512", 64, "sha512"],
  ])("%s takes its own length and makes the MACs that everybody makes with it", async (KeySpec, bytes, hash) => {
    const KeyId = await owner.newKey({ KeySpec, KeyUsage: "GENERATE_VERIFY_MAC" });
    const key = randomBytes(bytes);
    expect((await failureOf(owner.importInto(KeyId, randomBytes(bytes - 1)))).name).toBe(
      "IncorrectKeyMaterialException",
    );
    await owner.importInto(KeyId, key, FOREVER, "RSA_AES_KEY_WRAP_SHA_256");
    const MacAlgorithm = `HMAC_SHA_${KeySpec.slice(-3)}`;
    const { Mac } = await call("GenerateMac", { KeyId, Message: text("message"), MacAlgorithm });
    expect(Mac).toEqual(Uint8Array.from(createHmac(hash, key).update("message").digest()));
  });

  it.each([
    ["ECC_NIST_P256", "prime256v1", "RSAES_OAEP_SHA_256"],
    ["ECC_NIST_P384", "secp384r1", "RSAES_OAEP_SHA_1"],
    ["ECC_NIST_P521", "secp521r1", "RSA_AES_KEY_WRAP_SHA_256"],
    ["ECC_SECG_P256K1", "secp256k1", "RSA_AES_KEY_WRAP_SHA_1"],
  ])("%s signs with its owner's key", async (KeySpec, namedCurve, algorithm) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    const KeyId = await owner.newKey({ KeySpec, KeyUsage: "SIGN_VERIFY" });
    await owner.importInto(KeyId, pkcs8Of(privateKey), FOREVER, algorithm);
    const SigningAlgorithm = { prime256v1: "ECDSA_SHA_256", secp384r1: "ECDSA_SHA_384", secp521r1: "ECDSA_SHA_512" }[
      namedCurve
    ];
    const signed = { KeyId, Message: text("message"), SigningAlgorithm: SigningAlgorithm ?? "ECDSA_SHA_256" };
    const { Signature } = await call("Sign", signed);
    expect(verify(signed.SigningAlgorithm.slice(-3).padStart(6, "sha"), text("message"), publicKey, Signature)).toBe(
      true,
    );
    const { PublicKey } = await call("GetPublicKey", { KeyId });
    expect(PublicKey).toEqual(Uint8Array.from(publicKey.export({ type: "spki", format: "der" })));
    // The same key written in another way is the same key.
    await call("DeleteImportedKeyMaterial", { KeyId });
    expect((await failureOf(call("GetPublicKey", { KeyId }))).name).toBe("KMSInvalidStateException");
    writeFileSync(path("sec1"), privateKey.export({ type: "sec1", format: "der" }));
    openssl("ec", "-inform", "DER", "-in", path("sec1"), "-outform", "DER", "-no_public", "-out", path("bare"));
    openssl(
      "pkcs8",
      "-topk8",
      "-nocrypt",
      "-inform",
      "DER",
      "-in",
      path("bare"),
      "-outform",
      "DER",
      "-out",
      path("p8"),
    );
    await owner.importInto(KeyId, Uint8Array.from(readFileSync(path("p8"))), FOREVER, "RSA_AES_KEY_WRAP_SHA_256");
    expect((await call("Verify", { ...signed, Signature })).SignatureValid).toBe(true);
    const other = pkcs8Of(generateKeyPairSync("ec", { namedCurve }).privateKey);
    const wrong = owner.importInto(KeyId, other, FOREVER, "RSA_AES_KEY_WRAP_SHA_256");
    expect((await failureOf(wrong)).name).toBe("IncorrectKeyMaterialException");
  });

  it("RSA_2048 decrypts with its owner's key, and takes no key of another size, nor OAEP alone", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const KeyId = await owner.newKey({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
    expect((await failureOf(owner.parametersFor(KeyId, "RSAES_OAEP_SHA_256"))).name).toBe(
      "UnsupportedOperationException",
    );
    const larger = pkcs8Of(generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey);
    const wrong = owner.importInto(KeyId, larger, FOREVER, "RSA_AES_KEY_WRAP_SHA_256");
    expect((await failureOf(wrong)).name).toBe("IncorrectKeyMaterialException");
    await owner.importInto(KeyId, pkcs8Of(privateKey), FOREVER, "RSA_AES_KEY_WRAP_SHA_256");
    const { PublicKey } = await call("GetPublicKey", { KeyId });
    const CiphertextBlob = oaep(PublicKey, text("to you"), "sha256");
    const decrypt = { KeyId, CiphertextBlob, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" };
    expect((await call("Decrypt", decrypt)).Plaintext).toEqual(text("to you"));
  });

  it.each(["ML_DSA_44", "ML_KEM_768"])("%s is made here alone", async (KeySpec) => {
    const KeyUsage = KeySpec.startsWith("ML_DSA") ? "SIGN_VERIFY" : "ENCAPSULATE_DECAPSULATE";
    expect((await failureOf(owner.newKey({ KeySpec, KeyUsage }))).name).toBe("UnsupportedOperationException");
  });
});

describe("a token", () => {
  it("is good for a day", async () => {
    const KeyId = await owner.newKey();
    const { PublicKey, ImportToken } = await owner.parametersFor(KeyId);
    const EncryptedKeyMaterial = oaep(PublicKey, randomBytes(32), "sha256");
    const input = { KeyId, ImportToken, EncryptedKeyMaterial, ...FOREVER };
    service.advance(DAY_MS - 1);
    await call("ImportKeyMaterial", input);
    await call("DeleteImportedKeyMaterial", { KeyId });
    await call("ImportKeyMaterial", input);
    service.advance(1);
    expect((await failureOf(call("ImportKeyMaterial", input))).name).toBe("ExpiredImportTokenException");
  });

  it("is good for its own key and public key, and no other", async () => {
    const [KeyId, other] = [await owner.newKey(), await owner.newKey()];
    const [mine, later, theirs] = [
      await owner.parametersFor(KeyId),
      await owner.parametersFor(KeyId),
      await owner.parametersFor(other),
    ];
    const wrapped = (publicKey: Bytes) => oaep(publicKey, randomBytes(32), "sha256");
    const attempt = (ImportToken: Bytes, EncryptedKeyMaterial: Bytes) =>
      failureOf(call("ImportKeyMaterial", { KeyId, ImportToken, EncryptedKeyMaterial, ...FOREVER }));
    expect((await attempt(theirs.ImportToken, wrapped(theirs.PublicKey))).name).toBe("InvalidImportTokenException");
    expect(await attempt(mine.ImportToken, wrapped(later.PublicKey))).toEqual({
      name: "InvalidCiphertextException",
      message: "UnknownError",
    });
    const elsewhere = service.kms.inRealm({ region: "eu-west-1", accountId: "111122223333" }).as("root");
    const there = elsewhere.execute as unknown as Call;
    const KeyThere = (await there("CreateKey", { Origin: "EXTERNAL" })).KeyMetadata.KeyId;
    const foreign = { KeyId: KeyThere, ImportToken: mine.ImportToken, EncryptedKeyMaterial: wrapped(mine.PublicKey) };
    expect((await failureOf(there("ImportKeyMaterial", { ...foreign, ...FOREVER }))).name).toBe(
      "InvalidImportTokenException",
    );
  });

  it("is refused with any bit flipped, cut, or made by somebody else; and opens as nothing else", async () => {
    const KeyId = await owner.newKey();
    const { PublicKey, ImportToken } = await owner.parametersFor(KeyId);
    const EncryptedKeyMaterial = oaep(PublicKey, randomBytes(32), "sha256");
    const attempt = (token: Bytes) =>
      failureOf(call("ImportKeyMaterial", { KeyId, ImportToken: token, EncryptedKeyMaterial, ...FOREVER }));
    for (let bit = 0; bit < ImportToken.length * 8; bit += 97) {
      const token = ImportToken.map((byte: number, i: number) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect((await attempt(token)).name, `bit ${bit}`).toBe("InvalidImportTokenException");
    }
    for (const token of [ImportToken.subarray(0, 200), Uint8Array.of(1), randomBytes(300)]) {
      expect((await attempt(token)).name).toBe("InvalidImportTokenException");
    }
    await call("ImportKeyMaterial", { KeyId, ImportToken, EncryptedKeyMaterial, ...FOREVER });
    for (const members of [{}, { EncryptionContext: { purpose: "wasm-kms import token", key: arnOf(KeyId) } }]) {
      const opening = call("Decrypt", { CiphertextBlob: ImportToken, ...members });
      expect((await failureOf(opening)).name).toBe("InvalidCiphertextException");
    }
    // A ciphertext of the key is no token either.
    expect((await attempt(await owner.seal(KeyId))).name).toBe("InvalidImportTokenException");
  });

  it("does not say why material does not unwrap", async () => {
    const KeyId = await owner.newKey();
    for (const algorithm of Object.keys(WRAPS)) {
      const { PublicKey, ImportToken } = await owner.parametersFor(KeyId, algorithm);
      const wrapped = WRAPS[algorithm]!(PublicKey, randomBytes(32));
      const flipped = (bit: number) => wrapped.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const bits = Array.from({ length: 40 }, (_, i) => Math.floor((i * wrapped.length * 8) / 40));
      const broken = [
        ...bits.map(flipped),
        wrapped.subarray(1),
        wrapped.subarray(0, 256),
        new Uint8Array([...wrapped, 0]),
      ];
      for (const [i, EncryptedKeyMaterial] of broken.entries()) {
        if (!algorithm.includes("WRAP") && EncryptedKeyMaterial.length === 256 && i >= bits.length) continue;
        const input = { KeyId, ImportToken, EncryptedKeyMaterial, ...FOREVER };
        expect(await failureOf(call("ImportKeyMaterial", input)), `${algorithm} ${i}`).toEqual({
          name: "InvalidCiphertextException",
          message: "UnknownError",
        });
      }
    }
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
  });

  it.each([
    ["RSAES_PKCS1_V1_5", "RSA_2048"],
    ["SM2PKE", "SM2"],
    ["RSAES_OAEP_SHA_256", "SM2"],
    ["SM2PKE", "RSA_2048"],
  ])("is not made for %s with %s", async (algorithm, spec) => {
    expect((await failureOf(owner.parametersFor(await owner.newKey(), algorithm, spec))).name).toBe(
      "UnsupportedOperationException",
    );
  });
});
