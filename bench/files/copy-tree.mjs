// The file system's own cost: reads every file of a folder and writes it under a temporary name, then renames it, as
// sealing does, without any cryptography. Usage: node copy-tree.mjs SOURCE TARGET
import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";

const IN_FLIGHT = 16;
const [source, target] = process.argv.slice(2);
const names = (await readdir(source, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1));
const made = new Set();

async function copy(name) {
  const path = join(target, name);
  const folder = dirname(path);
  if (!made.has(folder)) await mkdir(folder, { recursive: true });
  made.add(folder);
  const bytes = await readFile(join(source, name));
  const partial = `${path}.partial`;
  const output = await open(partial, "wx");
  await output.write(bytes);
  await output.close();
  await rename(partial, path);
}

let next = 0;
await Promise.all(
  Array.from({ length: IN_FLIGHT }, async () => {
    while (next < names.length) await copy(names[next++]);
  }),
);
