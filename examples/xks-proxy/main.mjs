#!/usr/bin/env node
/**
 * Runs the proxy: `node main.mjs init keys.json` makes a key file, and
 * `node main.mjs serve keys.json --cert cert.pem --key key.pem [--port 443] [--host 0.0.0.0]` serves it.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeKeyFile, openKeyFile } from "./key-file.mjs";
import { createProxy } from "./proxy.mjs";

const USAGE = "node main.mjs init FILE | node main.mjs serve FILE --cert PEM --key PEM [--port N] [--host ADDRESS]";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cert: { type: "string" },
    key: { type: "string" },
    port: { type: "string", default: "443" },
    host: { type: "string", default: "127.0.0.1" },
  },
});
const [command, file] = positionals;

if (command === "init" && file !== undefined) init(file);
else if (command === "serve" && file !== undefined && values.cert && values.key) await serve(file);
else {
  console.error(`Usage: ${USAGE}`);
  process.exitCode = 2;
}

function init(path) {
  const { uriPath, keys } = makeKeyFile(path);
  console.log(
    `Made ${path}: path ${uriPath}, external key ${Object.keys(keys).join(", ")}. It is secret: keep it safe.`,
  );
}

async function serve(path) {
  const keyFile = openKeyFile(path, console.error);
  const tls = { cert: readFileSync(values.cert), key: readFileSync(values.key) };
  const log = (entry) => console.error(JSON.stringify(entry));
  const proxy = createProxy({ keyFile, tls, log });
  const port = await proxy.listen(Number(values.port), values.host);
  console.log(`Listening at ${values.host}:${port}${keyFile.settings.uriPath}`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void proxy.close());
}
