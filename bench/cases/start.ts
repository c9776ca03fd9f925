/** What the first use of the core costs a process, timed in processes of their own: an engine compiles a module once. */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Plan } from "../contender.ts";
import { CREATE_CORE, INSTANTIATE, START_CASE } from "../names.ts";
import { PROJECT_ROOT } from "../project-root.ts";

const MEMORY_MAX_BYTES = 2 * 2 ** 20;
const MODULE = join(PROJECT_ROOT, "build", "core-plain.wasm");
const ENTRY = join(PROJECT_ROOT, "dist", "core.js");

/** Prints the time in milliseconds, then the bytes of memory. */
const INSTANTIATE_PROGRAM = `
  const bytes = require("node:fs").readFileSync(process.argv[1]);
  const start = performance.now();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  console.log(performance.now() - start, exports.memory.buffer.byteLength);`;
const CREATE_PROGRAM = `
  import(process.argv[1]).then(({ createCore }) => {
    const start = performance.now();
    createCore({ simd: "plain" });
    console.log(performance.now() - start, 0);
  });`;

function runProgram(program: string, path: string): { ms: number; memoryBytes: number } {
  const output = execFileSync(process.execPath, ["-e", program, path], { encoding: "utf8" });
  const [ms, memoryBytes] = output.trim().split(" ").map(Number);
  return { ms: ms!, memoryBytes: memoryBytes! };
}

function contenderOf(subject: string, program: string, path: string): Contender {
  return {
    subject,
    run: () => undefined,
    sample: () => runProgram(program, path).ms * 1e6,
    async validate() {
      const { memoryBytes } = runProgram(program, path);
      if (memoryBytes > MEMORY_MAX_BYTES) throw new Error(`The module asks for ${memoryBytes} bytes of memory.`);
    },
  };
}

export function startPlan(): Plan {
  return {
    layer: "core",
    case: START_CASE,
    bytes: statSync(MODULE).size,
    prepare: () => ({
      contenders: [
        contenderOf(INSTANTIATE, INSTANTIATE_PROGRAM, MODULE),
        contenderOf(CREATE_CORE, CREATE_PROGRAM, ENTRY),
      ],
      baselines: [{ fastestOf: [INSTANTIATE] }],
    }),
  };
}
