/** What grants allow and who may end them, through the whole pipeline. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Kms, PrincipalOptions } from "../../src/index.ts";
import { ALICE, allow, codeOf, DELEGATION, keyPolicy, policyOf, ROOT } from "./callers.ts";
import { startService } from "./service.ts";

const Plaintext = new Uint8Array(8);
let root: Kms;
beforeAll(async () => {
  root = (await startService()).kms;
});
const newKey = async (input: object = {}) => (await root.execute("CreateKey", input)).KeyMetadata!.KeyId;

describe("grants", () => {
  const CAROL = ALICE.replace("alice", "carol");

  it("pass on no more than they give", async () => {
    const KeyId = await newKey();
    const Constraints = { EncryptionContextEquals: { tenant: "7" } };
    await root.execute("CreateGrant", {
      KeyId,
      GranteePrincipal: ALICE,
      Operations: ["CreateGrant", "Encrypt", "RetireGrant"],
      Constraints,
    });
    const alice = root.as(ALICE);
    const pass = (input: object) =>
      codeOf(
        alice.execute("CreateGrant", {
          KeyId,
          GranteePrincipal: CAROL,
          Operations: ["Encrypt"],
          Constraints,
          ...input,
        } as never),
      );
    expect(await pass({})).toBe("success");
    for (const wider of [
      { Operations: ["Encrypt", "Decrypt"] },
      { Constraints: undefined },
      { Constraints: { EncryptionContextSubset: { tenant: "7" } } },
      { Constraints: { EncryptionContextEquals: { tenant: "8" } } },
      { KeyId: await newKey() },
    ]) {
      expect(await pass(wider), JSON.stringify(wider)).toBe("AccessDeniedException");
    }
    const carol = root.as(CAROL);
    const encrypt = (EncryptionContext?: Record<string, string>) =>
      codeOf(carol.execute("Encrypt", { KeyId, Plaintext, EncryptionContext }));
    expect([await encrypt({ tenant: "7" }), await encrypt({ tenant: "7", more: "x" }), await encrypt()]).toEqual([
      "success",
      "AccessDeniedException",
      "AccessDeniedException",
    ]);
  });

  it("are retired by whom they name, and by no key policy", async () => {
    const KeyId = await newKey({
      Policy: keyPolicy(DELEGATION, { ...allow("kms:RetireGrant"), Principal: { AWS: CAROL } }),
    });
    const grant = async (input: object) => {
      const { GrantId } = await root.execute("CreateGrant", {
        KeyId,
        GranteePrincipal: ALICE,
        Operations: ["Encrypt"],
        ...input,
      });
      return (principal: string | PrincipalOptions) =>
        codeOf(root.as(principal).execute("RetireGrant", { KeyId, GrantId: GrantId! }));
    };
    const plain = await grant({});
    expect([await plain(ALICE), await plain(CAROL), await plain(ROOT)]).toEqual([
      "AccessDeniedException",
      "AccessDeniedException",
      "success",
    ]);
    expect(await (await grant({ Operations: ["Encrypt", "RetireGrant"] }))(ALICE)).toBe("success");
    expect(await (await grant({ RetiringPrincipal: CAROL }))(CAROL)).toBe("success");
    const byIam = {
      type: "user",
      arn: ALICE.replace("alice", "dave"),
      identityPolicies: [policyOf(allow("kms:RetireGrant"))],
    } as const;
    expect(await (await grant({}))(byIam)).toBe("success");
  });

  it("end with the next request when they are revoked", async () => {
    const KeyId = await newKey();
    const { GrantId, GrantToken } = await root.execute("CreateGrant", {
      KeyId,
      GranteePrincipal: ALICE,
      Operations: ["Encrypt"],
    });
    const encrypt = (GrantTokens?: string[]) =>
      codeOf(root.as(ALICE).execute("Encrypt", { KeyId, Plaintext, GrantTokens }));
    expect([await encrypt(), await encrypt([GrantToken!])]).toEqual(["success", "success"]);
    expect(await codeOf(root.as(CAROL).execute("Encrypt", { KeyId, Plaintext, GrantTokens: [GrantToken!] }))).toBe(
      "AccessDeniedException",
    );
    await root.execute("RevokeGrant", { KeyId, GrantId: GrantId! });
    expect([await encrypt(), await encrypt([GrantToken!])]).toEqual([
      "AccessDeniedException",
      "InvalidGrantTokenException",
    ]);
  });
});
