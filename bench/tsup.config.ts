/**
 * Bundles the bench with the settings of the shipped builds (../tsup.config.ts), so that what is timed is what ships.
 * Packages stay outside, but for the loader, which is inside of what ships.
 */
import { defineConfig } from "tsup";

export default defineConfig({
  entry: { run: "bench/run.ts", http: "bench/http/run.ts" },
  outDir: "build/bench",
  format: ["esm"],
  target: "es2022",
  platform: "node",
  splitting: false,
  clean: true,
  silent: true,
  noExternal: ["@assemblyscript/loader"],
  external: [/^[a-z@]/],
});
