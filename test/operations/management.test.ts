/** What the operations that manage keys do when they succeed, over every transport. */
import { beforeEach, describe, expect, it } from "vitest";
import {
  ACCOUNT,
  ARN_PREFIX,
  type Call,
  DAY_MS,
  failureOf,
  type Output,
  type Service,
  START_MS,
  startService,
  TRANSPORTS,
} from "./service.ts";

const nobody = `arn:aws:iam::${ACCOUNT}:user/nobody`;

describe.each(TRANSPORTS)("through %s", (_, connect) => {
  let service: Service;
  let call: Call;
  let KeyId: string;
  beforeEach(async () => {
    service = await startService();
    call = connect(service.kms);
    KeyId = await newKey();
  });

  const newKey = async (): Promise<string> => (await call("CreateKey", {})).KeyMetadata.KeyId;
  const arnOf = (keyId: string) => `${ARN_PREFIX}:key/${keyId}`;

  /** All items of a listing, page by page, while `between` writes. */
  async function listAll(operation: string, input: object, items: string, between = async () => {}): Promise<Output[]> {
    const all: Output[] = [];
    let Marker: string | undefined;
    do {
      const page = await call(operation, { ...input, ...(Marker && { Marker }) });
      expect(page.Truncated).toBe(page.NextMarker !== undefined);
      all.push(...page[items]);
      Marker = page.NextMarker;
      expect(all.length).toBeLessThan(200);
      if (Marker) await between();
    } while (Marker !== undefined);
    return all;
  }

  it("tags a key, again and with other values, and takes tags away", async () => {
    const put = (Tags: object[]) => call("TagResource", { KeyId, Tags });
    const tags = () => listAll("ListResourceTags", { KeyId }, "Tags");
    expect(await tags()).toEqual([]);
    await put([
      { TagKey: "team", TagValue: "a" },
      { TagKey: "é", TagValue: "" },
    ]);
    await put([{ TagKey: "team", TagValue: "b" }]);
    expect(await tags()).toEqual([
      { TagKey: "team", TagValue: "b" },
      { TagKey: "é", TagValue: "" },
    ]);
    await call("UntagResource", { KeyId: arnOf(KeyId), TagKeys: ["team", "none"] });
    expect(await tags()).toEqual([{ TagKey: "é", TagValue: "" }]);
  });

  it("keeps 50 tags of a key and no more, and changes nothing when it refuses", async () => {
    const numbered = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({ TagKey: `k${from + i}`, TagValue: "v" }));
    await call("TagResource", { KeyId, Tags: numbered(0, 50) });
    await call("TagResource", { KeyId, Tags: numbered(25, 50) });
    const failure = await failureOf(call("TagResource", { KeyId, Tags: numbered(49, 51) }));
    expect(failure).toEqual({ name: "TagException", message: "Too many tags" });
    const page = await call("ListResourceTags", { KeyId });
    expect(page.Tags).toHaveLength(50);
    expect(page.Truncated).toBe(false);
  });

  it("lists tags page by page while the last one shown is taken away and others come", async () => {
    const keys = ["a", "b", "c", "d", "e"];
    await call("TagResource", { KeyId, Tags: keys.map((TagKey) => ({ TagKey, TagValue: "" })) });
    const shown = await listAll("ListResourceTags", { KeyId, Limit: 2 }, "Tags", async () => {
      await call("UntagResource", { KeyId, TagKeys: ["b", "d"] });
      await call("TagResource", { KeyId, Tags: [{ TagKey: "0", TagValue: "" }] });
    });
    expect(shown.map(({ TagKey }) => TagKey)).toEqual(["a", "b", "c", "e"]);
  });

  it.each([["\ufeffa"], ["\ufffd"], ["😀".repeat(64)], ["~"], [" "]])("ends a page at the tag %j", async (TagKey) => {
    const others = ["!", "b", "\uffff"];
    await call("TagResource", { KeyId, Tags: [TagKey, ...others].map((key) => ({ TagKey: key, TagValue: "" })) });
    const shown = await listAll("ListResourceTags", { KeyId, Limit: 1 }, "Tags");
    expect(shown.map((tag) => tag.TagKey).sort()).toEqual([TagKey, ...others].sort());
  });

  it("points an alias at another key, also away from one pending deletion", async () => {
    const other = await newKey();
    await call("CreateAlias", { AliasName: "alias/a", TargetKeyId: KeyId });
    await call("ScheduleKeyDeletion", { KeyId });
    service.advance(DAY_MS);
    await call("UpdateAlias", { AliasName: "alias/a", TargetKeyId: arnOf(other) });
    expect((await call("ListAliases", {})).Aliases).toEqual([
      {
        AliasName: "alias/a",
        AliasArn: `${ARN_PREFIX}:alias/a`,
        TargetKeyId: other,
        CreationDate: new Date(START_MS),
        LastUpdatedDate: new Date(START_MS + DAY_MS),
      },
    ]);
    expect((await call("ListAliases", { KeyId })).Aliases).toEqual([]);
    expect((await call("ListAliases", { KeyId: other })).Aliases).toHaveLength(1);
    expect((await call("DescribeKey", { KeyId: "alias/a" })).KeyMetadata.KeyId).toBe(other);
    service.advance(30 * DAY_MS);
    await newKey();
    expect((await call("DescribeKey", { KeyId: "alias/a" })).KeyMetadata.KeyId).toBe(other);
  });

  it("gives no key more than 50 aliases, by whichever way they come", async () => {
    const other = await newKey();
    for (let i = 0; i < 50; i++) await call("CreateAlias", { AliasName: `alias/${i}`, TargetKeyId: KeyId });
    await call("CreateAlias", { AliasName: "alias/more", TargetKeyId: other });
    const move = () => call("UpdateAlias", { AliasName: "alias/more", TargetKeyId: KeyId });
    expect((await failureOf(move())).name).toBe("LimitExceededException");
    expect((await call("ListAliases", { KeyId: other })).Aliases).toHaveLength(1);
    await call("UpdateAlias", { AliasName: "alias/0", TargetKeyId: KeyId });
    await call("DeleteAlias", { AliasName: "alias/0" });
    await move();
    expect((await call("ListAliases", { KeyId, Limit: 100 })).Aliases).toHaveLength(50);
  });

  it("lists aliases page by page while the last one shown is deleted", async () => {
    for (const name of ["a", "b", "c", "d"])
      await call("CreateAlias", { AliasName: `alias/${name}`, TargetKeyId: KeyId });
    for (const scope of [{}, { KeyId }]) {
      let doomed = ["alias/b", "alias/d"];
      const shown = await listAll("ListAliases", { ...scope, Limit: 2 }, "Aliases", async () => {
        for (const AliasName of doomed) await call("DeleteAlias", { AliasName });
        doomed = [];
      });
      expect(shown.map(({ AliasName }) => AliasName)).toEqual(["alias/a", "alias/b", "alias/c"]);
      for (const name of ["b", "d"]) await call("CreateAlias", { AliasName: `alias/${name}`, TargetKeyId: KeyId });
    }
  });

  it("describes a key anew, and with nothing", async () => {
    for (const Description of ["ключ", ""]) {
      await call("UpdateKeyDescription", { KeyId, Description });
      expect((await call("DescribeKey", { KeyId })).KeyMetadata.Description).toBe(Description);
    }
  });

  it("says that a key has its default policy, no automatic rotation and no grants", async () => {
    expect(await listAll("ListKeyPolicies", { KeyId, Limit: 1 }, "PolicyNames")).toEqual(["default"]);
    const { KeyRotationEnabled, ...status } = await call("GetKeyRotationStatus", { KeyId });
    expect([KeyRotationEnabled, status.KeyId, status.RotationPeriodInDays]).toEqual([false, arnOf(KeyId), undefined]);
    await call("DisableKeyRotation", { KeyId });
    expect(await listAll("ListGrants", { KeyId, Limit: 100 }, "Grants")).toEqual([]);
    expect(await listAll("ListRetirableGrants", { RetiringPrincipal: nobody }, "Grants")).toEqual([]);
    expect(await listAll("DescribeCustomKeyStores", {}, "CustomKeyStores")).toEqual([]);
  });

  it("remembers the last use of a key that succeeded", async () => {
    const usage = async () => (await call("GetKeyLastUsage", { KeyId })).KeyLastUsage;
    const created = new Date(START_MS);
    expect(await call("GetKeyLastUsage", { KeyId })).toMatchObject({
      KeyId: arnOf(KeyId),
      KeyLastUsage: {},
      KeyCreationDate: created,
      TrackingStartDate: created,
    });
    service.advance(DAY_MS);
    await call("DescribeKey", { KeyId });
    await failureOf(call("Encrypt", { KeyId, Plaintext: Uint8Array.of(1), DryRun: true }));
    await failureOf(call("Decrypt", { KeyId, CiphertextBlob: Uint8Array.of(1) }));
    expect(await usage()).toEqual({});
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext: Uint8Array.of(1) });
    const first = await usage();
    expect(first).toMatchObject({ Operation: "Encrypt", Timestamp: new Date(START_MS + DAY_MS) });
    expect(first.KmsRequestId).toMatch(/^[0-9a-f-]{36}$/);
    service.advance(DAY_MS);
    await call("ReEncrypt", { CiphertextBlob, DestinationKeyId: await newKey() });
    await failureOf(call("Decrypt", { CiphertextBlob, EncryptionContext: { a: "wrong" } }));
    const second = await usage();
    expect(second).toMatchObject({ Operation: "ReEncrypt", Timestamp: new Date(START_MS + 2 * DAY_MS) });
    expect(second.KmsRequestId).not.toBe(first.KmsRequestId);
  });
});
