/** The process: arguments in, exit code out, and signals that leave nothing half-done behind. */
import { SIGNAL_EXITS } from "./exit-codes.ts";
import { removeDrafts } from "./output-file.ts";
import { main } from "./program.ts";

for (const [signal, exitCode] of Object.entries(SIGNAL_EXITS)) {
  process.once(signal, () => {
    removeDrafts();
    if (process.stderr.isTTY) process.stderr.write("\n");
    process.exit(exitCode);
  });
}
// A reader that goes away is told by the write that fails; without a listener it would be an uncaught error.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

process.exitCode = await main(process.argv.slice(2), process);
