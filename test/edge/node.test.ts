/** The packed package on Node.js: every entry, the keystore on disk, and the command. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { ENCLAVE_TASK, EXPECTED, expectSealed, installPackage } from "./package.ts";

let folder: string;
beforeAll(() => {
  folder = installPackage("node");
});

it("works from the packed files", () => {
  const output = execFileSync(process.execPath, [join(folder, "node.mjs"), ENCLAVE_TASK], { encoding: "utf8" });
  const { enclave, ...seen } = JSON.parse(output);
  expect(seen).toEqual({ ...EXPECTED, kept: true });
  expectSealed(enclave);
});

it("brings its command", () => {
  const cli = join(folder, "node_modules", "wasm-kms", "dist", "cli.js");
  expect(execFileSync(process.execPath, [cli, "--help"], { encoding: "utf8" })).toContain("wasm-kms seal");
});
