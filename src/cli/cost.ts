/** `wasm-kms cost`: what AWS would have charged for the requests and keys of a month. */
import type { Cost } from "../index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { UsageError } from "./explain.ts";
import type { Settings } from "./file-commands.ts";
import { openHome } from "./home.ts";
import { colorsFor } from "./terminal.ts";
import { formatTable } from "./text.ts";

export interface CostOptions {
  /** As "2026-11"; this one by default. */
  readonly month?: string;
  readonly json?: boolean;
}

export async function cost({ month, json }: CostOptions, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  if (month !== undefined && !/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)) {
    throw new UsageError("A month is written as 2026-11.");
  }
  const home = await openHome({ ...settings, env: io.env, create: false });
  try {
    const found = await home.service.cost(month);
    io.stdout.write(`${json ? JSON.stringify(found, undefined, 2) : table(found, settings)}\n`);
    return EXIT.ok;
  } finally {
    await home.close();
  }
}

function table({ month, lines, dollars, pricesOf }: Cost, { account, region, io }: Settings): string {
  const { bold, dim } = colorsFor(io.stdout, io);
  const rows = lines.map(({ label, quantity, free, dollars: amount }) => [
    label,
    Number.isInteger(quantity) ? String(quantity) : quantity.toFixed(4),
    free === 0 ? "-" : String(free),
    `$${amount.toFixed(4)}`,
  ]);
  const [heading, ...rest] = formatTable([["WHAT", "QUANTITY", "FREE", "AWS CHARGES"], ...rows]);
  return [
    `${month}, account ${account}, ${region}`,
    dim(heading!),
    ...rest,
    bold(`AWS would have charged $${dollars.toFixed(2)}; here it was $0.00.`),
    dim(`Prices of ${pricesOf}. Keys that are gone are not counted; requests of a killed process may be missing.`),
  ].join("\n");
}
