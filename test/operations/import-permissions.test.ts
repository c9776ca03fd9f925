/** Who may import what, by the conditions of policies; and imports that meet. */
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { ALICE, allow, codeOf, policyOf } from "./callers.ts";
import { FOREVER, Owner, oaep } from "./owner.ts";
import { type Call, DAY_MS, type Service, START_MS, startService } from "./service.ts";

let service: Service;
let owner: Owner;

beforeAll(async () => {
  service = await startService();
  owner = new Owner(service.kms.execute as unknown as Call);
});

const aliceWith = (...statements: object[]) =>
  service.kms.as({ type: "user", arn: ALICE, identityPolicies: [policyOf(...statements)] }).execute as unknown as Call;

const where = (operator: string, key: string, value: unknown) => ({ Condition: { [operator]: { [key]: value } } });

describe("GetParametersForImport", () => {
  it.each([
    ["kms:WrappingAlgorithm", "RSAES_OAEP_SHA_256", { WrappingAlgorithm: "RSAES_OAEP_SHA_1" }],
    ["kms:WrappingKeySpec", "RSA_3072", { WrappingKeySpec: "RSA_2048" }],
    ["kms:KeyOrigin", "EXTERNAL", undefined],
  ])("is allowed by %s alone where it is %s", async (key, value, other) => {
    const KeyId = await owner.newKey();
    const input = { KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_3072" };
    const alice = aliceWith(allow("kms:GetParametersForImport", where("StringEquals", key, value)));
    expect(await codeOf(alice("GetParametersForImport", input))).toBe("success");
    const made = (await owner.call("CreateKey", {})).KeyMetadata.KeyId;
    const refused = other === undefined ? { ...input, KeyId: made } : { ...input, ...other };
    expect(await codeOf(alice("GetParametersForImport", refused))).toBe("AccessDeniedException");
  });
});

describe("ImportKeyMaterial", () => {
  const days = (count: number) => ({ ValidTo: new Date(START_MS + count * DAY_MS) });
  const seconds = (count: number) => START_MS / 1000 + count * 86_400;
  const date = (count: number) => new Date(START_MS + count * DAY_MS).toISOString();

  it.each<[string, object, object, object]>([
    ["the model", where("StringEquals", "kms:ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE"), FOREVER, days(3)],
    ["the model's presence", where("Null", "kms:ExpirationModel", "false"), FOREVER, days(3)],
    ["the date", where("DateLessThanEquals", "kms:ValidTo", date(5)), days(5), days(6)],
    ["the date as a number", where("NumericLessThanEquals", "kms:ValidTo", String(seconds(5))), days(5), days(6)],
    ["a date that must be there", where("Null", "kms:ValidTo", "false"), days(5), FOREVER],
  ])("is allowed by %s", async (_, condition, allowed, denied) => {
    const KeyId = await owner.newKey();
    const { PublicKey, ImportToken } = await owner.parametersFor(KeyId);
    const input = { KeyId, ImportToken, EncryptedKeyMaterial: oaep(PublicKey, randomBytes(32), "sha256") };
    const alice = aliceWith(allow("kms:ImportKeyMaterial", condition));
    expect(await codeOf(alice("ImportKeyMaterial", { ...input, ...denied }))).toBe("AccessDeniedException");
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
    expect(await codeOf(alice("ImportKeyMaterial", { ...input, ...allowed }))).toBe("success");
  });

  it("learns nothing of a token without the permission", async () => {
    const KeyId = await owner.newKey();
    const input = { KeyId, ImportToken: randomBytes(300), EncryptedKeyMaterial: randomBytes(256), ...FOREVER };
    expect(await codeOf(aliceWith(allow("kms:Encrypt"))("ImportKeyMaterial", input))).toBe("AccessDeniedException");
  });

  it("of two first materials at once takes one", async () => {
    const KeyId = await owner.newKey();
    const { PublicKey, ImportToken } = await owner.parametersFor(KeyId);
    const both = [0, 1].map(() => {
      const EncryptedKeyMaterial = oaep(PublicKey, randomBytes(32), "sha256");
      return codeOf(owner.call("ImportKeyMaterial", { KeyId, ImportToken, EncryptedKeyMaterial, ...FOREVER }));
    });
    expect((await Promise.all(both)).sort()).toEqual(["IncorrectKeyMaterialException", "success"]);
    expect(await owner.unseal(await owner.seal(KeyId, "one"))).toBe("one");
  });

  it("of two new materials at once keeps one pending", async () => {
    const KeyId = await owner.newKey();
    await owner.importInto(KeyId, randomBytes(32));
    const { PublicKey, ImportToken } = await owner.parametersFor(KeyId);
    const renewed = { ...FOREVER, ImportType: "NEW_KEY_MATERIAL" };
    const both = [0, 1].map(() => {
      const EncryptedKeyMaterial = oaep(PublicKey, randomBytes(32), "sha256");
      return codeOf(owner.call("ImportKeyMaterial", { KeyId, ImportToken, EncryptedKeyMaterial, ...renewed }));
    });
    expect((await Promise.all(both)).sort()).toEqual(["KMSInvalidStateException", "success"]);
  });
});
