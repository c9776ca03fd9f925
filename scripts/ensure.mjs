// Makes a checkout ready to run, and does nothing where it already is: installs what package-lock.json names, and
// builds if a source changed since the last build. Needs nothing but Node.js.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ["assembly", "src", "package.json", "asconfig.json", "tsconfig.json", "tsup.config.ts", "scripts"];
const stamp = join(root, "build", "sources.sha256");

function digest() {
  const hash = createHash("sha256");
  const add = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) add(child);
      else hash.update(child.slice(root.length)).update("\0").update(readFileSync(child)).update("\0");
    }
  };
  for (const source of SOURCES) {
    const path = join(root, source);
    if (source.includes(".")) hash.update(source).update(readFileSync(path));
    else add(path);
  }
  return hash.digest("hex");
}

// npm keeps a copy of the lockfile, without the root package, beside what it installed.
function installed() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { packages: present } = JSON.parse(readFileSync(record, "utf8"));
  return Object.entries(wanted).every(
    ([name, { version, optional }]) => name === "" || optional || present[name]?.version === version,
  );
}

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`wasm-kms needs Node.js 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}
if (!installed()) {
  console.error("Installing dependencies (once) …");
  const npm = process.env.npm_execpath;
  const [command, prefix] = npm ? [process.execPath, [npm]] : ["npm", []];
  execFileSync(command, [...prefix, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
}
const sources = digest();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== sources || !existsSync(join(root, "dist", "cli.js"))) {
  console.error("Building …");
  execFileSync(process.execPath, [join(root, "scripts", "build.mjs"), "--quiet"], { cwd: root, stdio: "inherit" });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, sources);
}
