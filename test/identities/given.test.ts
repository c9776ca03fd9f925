/** Principals that the embedding program vouches for: `kms.as(…)`. */
import { beforeAll, describe, expect, it } from "vitest";
import { createKms, type Kms, memoryKeystore, type PrincipalOptions, rootKeyFromBytes } from "../../src/index.ts";
import { ACCOUNT, policyOf, roleArn, userArn } from "./bench.ts";

const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/app/s1`;
const ENCRYPT = policyOf("kms:Encrypt");
const Plaintext = new Uint8Array(8);
let kms: Kms;
let KeyId: string;

beforeAll(async () => {
  kms = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(new Uint8Array(32).fill(3)),
    region: "us-west-2",
    accountId: ACCOUNT,
  });
  KeyId = (await kms.as("root").execute("CreateKey", {})).KeyMetadata!.KeyId!;
});

async function may(principal: string | PrincipalOptions, facts = {}): Promise<boolean> {
  return kms
    .as(principal, facts)
    .execute("Encrypt", { KeyId, Plaintext })
    .then(
      () => true,
      (error: { code: string }) => {
        expect(error.code).toBe("AccessDeniedException");
        return false;
      },
    );
}

describe("a principal", () => {
  it("is judged by the policies that it comes with, and by no others", async () => {
    const alice = { type: "user", arn: userArn("alice") } as const;
    expect(await may(userArn("alice"))).toBe(false);
    expect(await may({ ...alice, identityPolicies: [ENCRYPT] })).toBe(true);
    expect(await may({ ...alice, identityPolicies: [JSON.parse(ENCRYPT) as object] })).toBe(true);
    expect(await may({ ...alice, identityPolicies: [ENCRYPT], permissionsBoundary: policyOf("kms:Decrypt") })).toBe(
      false,
    );
    expect(await may({ ...alice, identityPolicies: [ENCRYPT], serviceControlPolicies: [policyOf("s3:*")] })).toBe(
      false,
    );
    const session = { type: "assumed-role", arn: SESSION, roleArn: roleArn("app") } as const;
    expect(await may({ ...session, identityPolicies: [ENCRYPT] })).toBe(true);
    expect(await may({ ...session, identityPolicies: [ENCRYPT], sessionPolicy: policyOf("kms:Decrypt") })).toBe(false);
  });

  it("has those of the keystore, where it comes with none", async () => {
    await kms.identities.create("user", ACCOUNT, "known", { path: "/a:b/", policies: { p: ENCRYPT } });
    expect(await may(userArn("known", "/a:b/"))).toBe(true);
    expect(await may({ type: "user", arn: userArn("known", "/a:b/"), identityPolicies: [] })).toBe(false);
    expect(await may(userArn("known"))).toBe(false);
  });

  it("has those of its access key, if one is named, and none of a key that is not its own", async () => {
    const { accessKeyId } = await kms.identities.createAccessKey(ACCOUNT, "known");
    expect(await may(userArn("known", "/a:b/"), { accessKeyId })).toBe(true);
    expect(await may(userArn("other"), { accessKeyId })).toBe(false);
    await kms.identities.deleteAccessKey(accessKeyId);
    expect(await may(userArn("known", "/a:b/"), { accessKeyId })).toBe(false);
  });

  it.each<[unknown]>([
    [""],
    ["alice"],
    ["Root"],
    [userArn("")],
    [`arn:aws:iam::${ACCOUNT}:user`],
    [`arn:aws:iam::${ACCOUNT}:root/x`],
    [`arn:aws:iam::${ACCOUNT}:role/app`],
    [userArn("a", "/", "1")],
    [`arn:aws:iam:us-east-1:${ACCOUNT}:user/a`],
    [SESSION],
    [{ type: "assumed-role", arn: SESSION }],
    [{ type: "assumed-role", arn: SESSION, roleArn: roleArn("app", "/", "444455556666") }],
    [{ type: "root", arn: userArn("alice") }],
    [{ type: "user", arn: `arn:aws:iam::${ACCOUNT}:root` }],
    [{ type: "user", arn: userArn("alice"), account: "444455556666" }],
    [{ type: "service", arn: userArn("alice") }],
    [{ type: "service", arn: "s3" }],
    [{ type: "user" }],
  ])("is not %j", (given) => {
    expect(() => kms.as(given as string)).toThrow(TypeError);
  });

  it("with a policy that cannot be read is refused", () => {
    expect(() => kms.as({ type: "user", arn: userArn("a"), identityPolicies: ["{}"] })).toThrow(/policy|syntax/i);
  });
});
