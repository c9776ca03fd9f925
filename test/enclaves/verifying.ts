/** A verifier for the enclave in a test, and why it refuses. */
import { nitroEnclaves } from "../../src/nitro.ts";
import { NOW_MS, ROOT } from "./enclave.ts";

const verifier = nitroEnclaves({ roots: [ROOT] });

export const verify = (document: Uint8Array, nowMs = NOW_MS) => verifier.verify(document, nowMs);

/** The reason in AWS's ValidationException, or "accepted". Any other outcome is the verifier's own failure. */
export const refusalOf = (document: Uint8Array, nowMs?: number): Promise<string> =>
  verify(document, nowMs).then(
    () => "accepted",
    (error: { code?: string; message: string }) => {
      if (error.code !== "ValidationException") throw error;
      return error.message.replace("The attestation document is not valid: ", "").slice(0, -1);
    },
  );

export const fill = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(1);
