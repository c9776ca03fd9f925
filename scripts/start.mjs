// `npm start`: the command line, with the demonstration on this checkout where nothing else is asked for.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// npm runs scripts in the package's folder; paths on the command line mean the folder that the user is in.
const wanted = process.argv.slice(2);
if (wanted.length === 0) process.argv.push("demo", root);
else if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
await import("../dist/cli.js");
