import { defineConfig } from "vitest/config";

const common = {
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

/** Everything runs on the plain build of the core; what touches the core runs once more on the relaxed one. */
export default defineConfig({
  test: {
    // Every processor: the default leaves one idle, which is half of a small machine.
    maxWorkers: "100%",
    projects: [
      { test: { ...common, name: "plain", include: ["test/**/*.test.ts"], setupFiles: ["test/simd/plain.ts"] } },
      {
        test: {
          ...common,
          name: "relaxed",
          include: ["test/{core,constant-time,crypto,vectors}/*.test.ts"],
          exclude: [
            // The core has no part in key pairs.
            "test/*/key-pairs*.test.ts",
            "test/crypto/foreign-keys.test.ts",
            // The proof takes most of a minute, and both builds come from one source: `npm run soak` has this one.
            ...(process.env.SOAK === undefined ? ["test/constant-time/core.test.ts"] : []),
          ],
          setupFiles: ["test/simd/relaxed.ts"],
        },
      },
    ],
  },
});
