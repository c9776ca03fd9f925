/** The example's one command, which shows all of it: what it prints is what its reader sees. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { BEFORE, root } from "./proxies.ts";

const hasOpenSsl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenSsl) console.log("skipped: the demo of examples/xks-proxy needs openssl, which is not installed");

it.skipIf(!hasOpenSsl)("connects, encrypts, decrypts, and is stopped by the external key", () => {
  const args = [...BEFORE, root("examples/xks-proxy/demo.mjs")];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout.split("\n")).toEqual([
    expect.stringMatching(/^Connected the external key store cks-[0-9a-f]{17}\.$/),
    "Encrypted 14 bytes twice, into 192.",
    "Decrypted: attack at dawn",
    expect.stringContaining("With the external key disabled: KMSInvalidStateException: The external key associated"),
    "",
  ]);
});
