/** What AWS answers to wrong requests: code and text, over every transport. Sources: the table of recorded answers. */
import { beforeAll, describe, expect, it } from "vitest";
import { enabledPlaintext, type Fixture } from "./refusal-case.ts";
import { CIPHERTEXTS, DRY_RUN, NAMES, STATES } from "./refused-keys.ts";
import { CUSTOM_KEY_STORES, GRANTS, KEYS_OF_OTHER_KINDS, TAGS_AND_ALIASES } from "./refused-management.ts";
import { MEMBERS } from "./refused-members.ts";
import { type Call, failureOf, startService, TRANSPORTS } from "./service.ts";

const GROUPS = {
  NAMES,
  STATES,
  MEMBERS,
  CIPHERTEXTS,
  DRY_RUN,
  TAGS_AND_ALIASES,
  GRANTS,
  KEYS_OF_OTHER_KINDS,
  CUSTOM_KEY_STORES,
};

async function prepare(call: Call): Promise<Fixture> {
  const create = async () => (await call("CreateKey", {})).KeyMetadata.KeyId as string;
  const [key, other, disabled, doomed] = [await create(), await create(), await create(), await create()];
  await call("CreateAlias", { AliasName: "alias/main", TargetKeyId: key });
  await call("DisableKey", { KeyId: disabled });
  await call("ScheduleKeyDeletion", { KeyId: doomed });
  const { CiphertextBlob } = await call("Encrypt", { KeyId: key, ...enabledPlaintext, EncryptionContext: { ab: "c" } });
  return { key, other, disabled, doomed, blob: CiphertextBlob };
}

describe.each(TRANSPORTS)("refused through %s", (_, connect) => {
  let call: Call;
  let fixture: Fixture;
  beforeAll(async () => {
    call = connect((await startService()).kms);
    fixture = await prepare(call);
  });

  describe.each(Object.entries(GROUPS))("%s", (_group, cases) => {
    it.each(cases)("%s: %s", async (_what, operation, input, name, message) => {
      const failure = await failureOf(call(operation, input(fixture)));
      const expected = typeof message === "string" ? message : message(fixture);
      expect(failure).toEqual({ name, message: expected });
    });
  });
});
