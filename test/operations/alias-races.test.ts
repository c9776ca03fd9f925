/** A listing of aliases while another process removes some. */
import { expect, it } from "vitest";
import { type KeyStoreDriver, memoryKeystore } from "../../src/index.ts";
import { startService, unclosable } from "./service.ts";

it("goes on behind an alias that was removed while it was listed", async () => {
  const keystore = memoryKeystore();
  const { kms: other } = await startService(unclosable(keystore));
  const TargetKeyId = (await other.execute("CreateKey", {})).KeyMetadata!.KeyId;
  for (const name of ["a", "b", "c", "d"]) {
    await other.execute("CreateAlias", { AliasName: `alias/${name}`, TargetKeyId });
  }
  let isFirst = true;
  const slow: KeyStoreDriver = {
    ...unclosable(keystore),
    async list(prefix, after, limit) {
      const paths = await keystore.list(prefix, after, limit);
      if (isFirst && prefix.endsWith("/alias/")) {
        isFirst = false;
        await other.execute("DeleteAlias", { AliasName: "alias/b" });
      }
      return paths;
    },
  };
  const { kms } = await startService(slow);
  const page = await kms.execute("ListAliases", { Limit: 2 });
  expect([page.Aliases!.map(({ AliasName }) => AliasName), page.Truncated]).toEqual([["alias/a", "alias/c"], true]);
});
