/** Many realms over one store: those that were forgotten come back with what they knew. */
import { expect, it } from "vitest";
import { startService } from "./service.ts";

it("are forgotten and found again without losing what they had noted", async () => {
  const { kms } = await startService();
  const { KeyMetadata } = await kms.execute("CreateKey", {});
  const { KeyId } = KeyMetadata!;
  const Plaintext = new Uint8Array(8);
  await kms.execute("Encrypt", { KeyId, Plaintext });
  // More than are remembered; a caller can name as many by ARN.
  for (let i = 0; i < 300; i++) {
    const foreign = KeyMetadata!.Arn!.replace("111122223333", String(500_000_000_000 + i));
    await kms.execute("Encrypt", { KeyId: foreign, Plaintext }).catch(() => undefined);
  }
  await kms.execute("Encrypt", { KeyId, Plaintext });
  const again = kms.inRealm(kms.realm);
  for (const service of [kms, again]) {
    const { KeyLastUsage } = await service.execute("GetKeyLastUsage", { KeyId });
    expect(KeyLastUsage!.Operation).toBe("Encrypt");
  }
  const [symmetric] = (await again.cost()).lines;
  expect(symmetric!.quantity).toBe(5);
});
