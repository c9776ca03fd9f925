/** The process: arguments in, exit code out, and signals that leave nothing half-done behind. */
import { EXIT, SIGNAL_EXITS } from "./exit-codes.ts";
import { explain, systemCode } from "./explain.ts";
import { removeDrafts } from "./output-file.ts";
import { main } from "./program.ts";
import { requestStop } from "./stop-signals.ts";

for (const [signal, exitCode] of Object.entries(SIGNAL_EXITS)) {
  process.on(signal, () => {
    if (requestStop()) return;
    removeDrafts();
    if (process.stderr.isTTY) process.stderr.write("\n");
    process.exit(exitCode);
  });
}
// Without listeners these would be uncaught errors. A reader that goes away is told by the write that fails; any other
// error of stdout (a full disk) means that the answer was lost, and the process must not end as if it was given.
let lostOutput: unknown;
process.stdout.on("error", (error) => {
  if (systemCode(error) !== "EPIPE") lostOutput = error;
});
process.stderr.on("error", () => undefined);
process.once("exit", (code) => {
  if (code !== EXIT.ok || lostOutput === undefined) return;
  process.stderr.write(`wasm-kms: The output could not be written: ${explain(lostOutput)}\n`);
  process.exitCode = EXIT.failed;
});

process.exitCode = await main(process.argv.slice(2), process);
