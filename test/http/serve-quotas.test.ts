/** `wasm-kms serve --quotas aws` throttles as AWS does; without it nobody is throttled. */
import { CreateKeyCommand, KMSClient, ListAliasesCommand } from "@aws-sdk/client-kms";
import { expect, it } from "vitest";
import { ended, start } from "../cli/command.ts";
import { temporaryFolder } from "../cli/tree.ts";

/** CreateKey may be sent five times a second. */
const REQUESTS = 20;

it.each([
  [["--quotas", "aws"], true],
  [[], false],
])("serve %j", async (options, throttles) => {
  const child = start(["serve", "--port", "0", "--auth", "off", ...options], { home: `${temporaryFolder()}/home` });
  const end = ended(child);
  const endpoint = await new Promise<string>((resolve) =>
    child.stdout!.once("data", (line: Buffer) => resolve(line.toString().trim())),
  );
  const credentials = { accessKeyId: "111122223333", secretAccessKey: "s" };
  const client = new KMSClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  await client.send(new ListAliasesCommand({}));
  const names = await Promise.all(
    Array.from({ length: REQUESTS }, () => client.send(new CreateKeyCommand({})).catch((error) => error.name)),
  );
  client.destroy();
  child.kill("SIGTERM");
  expect((await end).code).toBe(0);
  const throttled = names.filter((name) => name === "ThrottlingException");
  expect(throttled.length > 0).toBe(throttles);
});
