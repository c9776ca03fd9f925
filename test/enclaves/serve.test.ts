/** `wasm-kms serve --enclave-root`: enclaves over the network, and files that are no roots. */
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GenerateRandomCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterEach, expect, it } from "vitest";
import { ended, run, start } from "../cli/command.ts";
import { temporaryFolder } from "../cli/tree.ts";
import { documentAt, openWithOpenssl, toPem } from "./enclave.ts";
import { recipientOf } from "./service.ts";
import { fill } from "./verifying.ts";

const folder = temporaryFolder();
let child: ChildProcess | undefined;
afterEach(async () => {
  if (child === undefined) return;
  const end = ended(child);
  child.kill("SIGTERM");
  await end;
  child = undefined;
});

function fileWith(name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

it.each(["PEM", "DER"])("answers an enclave whose root is in a file in %s", async (form) => {
  const { document, root } = documentAt(Date.now());
  const other = fileWith("other.pem", toPem(documentAt(Date.now()).root));
  const file = fileWith(`root.${form}`, form === "PEM" ? toPem(root) : root);
  const roots = ["--enclave-root", other, "--enclave-root", file];
  child = start(["serve", "--port", "0", "--auth", "off", "--audit", "off", ...roots], { home: join(folder, form) });
  const endpoint = await new Promise<string>((resolve, reject) => {
    child!.stdout!.on("data", (line: Buffer) => resolve(line.toString().trim()));
    child!.on("close", (code) => reject(new Error(`serve ended with ${code} before it was ready`)));
  });
  const credentials = { accessKeyId: "111122223333", secretAccessKey: "secret" };
  const client = new KMSClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  const command = new GenerateRandomCommand({ NumberOfBytes: 24, Recipient: recipientOf(document) });
  const { CiphertextForRecipient, Plaintext } = await client.send(command);
  client.destroy();
  expect(Plaintext).toBeUndefined();
  expect(openWithOpenssl(CiphertextForRecipient!)).toHaveLength(24);
});

it.each([
  ["that is not there", () => join(folder, "none.pem"), "cannot be read"],
  ["of noise", () => fileWith("noise", fill(50)), "one block from"],
  ["that is empty", () => fileWith("empty", ""), "one block from"],
  ["with a damaged certificate", () => fileWith("damaged", documentAt(Date.now()).root.subarray(0, 90)), "is no X.509"],
])("refuses a file %s", async (_, make, message) => {
  const file = make();
  const { code, stderr } = await run(["serve", "--port", "0", "--enclave-root", file], { home: join(folder, "home") });
  expect(code).toBe(2);
  expect(stderr).toContain(file);
  expect(stderr).toContain(message);
});
