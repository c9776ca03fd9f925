import { copyFileSync } from "node:fs";
import { basename } from "node:path";
import { defineConfig, type Options } from "tsup";

/** Flat names, so that every file of a build lies in one folder and relative paths hold in every chunk. */
const portable = {
  index: "src/index.ts",
  core: "src/core/core.ts",
  client: "src/client/client.ts",
  "request-handler": "src/http/request-handler.ts",
  http: "src/http/endpoint.ts",
  engine: "src/engine.ts",
  policy: "src/policy/policy.ts",
  envelope: "src/messages.ts",
  enclaves: "src/nitro.ts",
  "keystore-memory": "src/keystore/memory.ts",
};

const nodeOnly = {
  "keystore-sqlite": "src/keystore/sqlite.ts",
  "root-key": "src/root-key-node.ts",
  audit: "src/audit/file.ts",
  cli: "src/cli/main.ts",
};

const common: Options = {
  format: ["esm"],
  target: "es2022",
  // One chunk for what entries have in common: `KmsError` of the client is the `KmsError` of the service.
  splitting: true,
  sourcemap: true,
  clean: false,
  // The SDK entries need nothing installed. The loader is small; noble's libraries are chunks, loaded when first used.
  noExternal: ["@assemblyscript/loader", /^@noble\//, "cborg", "asn1js", /^@peculiar\//, /^pv(ts)?utils$/, "tslib"],
};

export default defineConfig([
  {
    ...common,
    entry: { ...portable, ...nodeOnly },
    outDir: "dist",
    platform: "node",
    dts: {
      entry: {
        ...portable,
        "keystore-sqlite": nodeOnly["keystore-sqlite"],
        "root-key": nodeOnly["root-key"],
        audit: nodeOnly.audit,
      },
      compilerOptions: { ignoreDeprecations: "6.0" },
    },
  },
  {
    ...common,
    entry: portable,
    outDir: "dist/workerd",
    platform: "neutral",
    // Workers forbid compiling WebAssembly from bytes: the module is imported, and lies beside the bundle.
    esbuildOptions(options) {
      options.conditions = ["workerd"];
    },
    esbuildPlugins: [
      {
        name: "core-wasm-beside",
        setup(build) {
          build.onResolve({ filter: /core-\w+\.wasm$/ }, ({ path }) => ({
            path: `./${basename(path)}`,
            external: true,
          }));
        },
      },
    ],
    onSuccess: async () => {
      for (const name of ["core-plain.wasm", "core-relaxed.wasm"])
        copyFileSync(`build/${name}`, `dist/workerd/${name}`);
    },
  },
  {
    ...common,
    entry: portable,
    outDir: "dist/browser",
    platform: "browser",
    esbuildOptions(options) {
      options.conditions = ["browser"];
    },
  },
]);
