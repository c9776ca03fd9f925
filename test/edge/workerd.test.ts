/** The packed package in a real workerd, bundled by wrangler as a user's Worker is: the core is an imported module. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Unstable_DevWorker, unstable_dev } from "wrangler";
import { ENCLAVE_TASK, EXPECTED, expectSealed, installPackage, type SealedForEnclave } from "./package.ts";

let worker: Unstable_DevWorker;

beforeAll(async () => {
  Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", CI: "1" });
  const folder = installPackage("workerd");
  worker = await unstable_dev(join(folder, "worker.mjs"), {
    compatibilityDate: "2026-04-01",
    ip: "127.0.0.1",
    logLevel: "error",
    experimental: { disableExperimentalWarning: true, testMode: true },
  });
});

afterAll(async () => {
  await worker?.stop();
});

it("works in a Worker", async () => {
  const response = await worker.fetch("/", { method: "POST", body: ENCLAVE_TASK });
  const { enclave, ...seen } = (await response.json()) as { enclave: SealedForEnclave };
  expect(seen).toEqual(EXPECTED);
  expectSealed(enclave);
});
