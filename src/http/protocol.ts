/**
 * The awsJson1.1 protocol over whatever carries it: one request (target header and body) in, one answer out.
 * Source: Smithy, "AWS JSON 1.1 protocol". Signatures are not looked at here.
 */
import type { Caller } from "../env.ts";
import { KmsError } from "../errors.ts";
import type { Kms } from "../kms.ts";
import { decodeInput, encodeOutput } from "../model/json.ts";
import { wipeSensitive } from "../model/sensitive.ts";
import { type OperationName, operationNamed } from "../operations/index.ts";

export const CONTENT_TYPE = "application/x-amz-json-1.1";
const TARGET_PREFIX = "TrentService.";

export interface Answer {
  readonly status: number;
  /** New for each answer. */
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * Answers one request; every failure is an answer too.
 * @param target the X-Amz-Target header, as "TrentService.Encrypt"
 * @param body UTF-8 JSON
 * @param caller or, of a request of nobody, the id of the request
 */
export async function answer(
  kms: Kms,
  target: string | undefined,
  body: Uint8Array,
  caller: Caller | string,
): Promise<Answer> {
  const requestId = typeof caller === "string" ? caller : caller.requestId;
  try {
    if (!target?.startsWith(TARGET_PREFIX)) {
      throw new KmsError("UnknownOperationException", `The X-Amz-Target header must be ${TARGET_PREFIX}<operation>.`);
    }
    const operation = operationNamed(target.slice(TARGET_PREFIX.length));
    const input = decodeInput(operation.input, decodeUtf8(body));
    try {
      const output = await kms.execute(
        operation.name as OperationName,
        input as never,
        typeof caller === "string" ? undefined : caller,
      );
      try {
        return answerOf(200, encodeOutput(operation.output, output), requestId);
      } finally {
        wipeSensitive(operation.output, output as Record<string, unknown>);
      }
    } finally {
      wipeSensitive(operation.input, input);
    }
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    return refusal(error.status, error.code, error.message, requestId);
  }
}

/** AWS sends no message member at all where it has no message. */
export function refusal(status: number, code: string, message: string, requestId: string): Answer {
  return answerOf(status, JSON.stringify(message === "" ? { __type: code } : { __type: code, message }), requestId);
}

function answerOf(status: number, body: string, requestId: string): Answer {
  return { status, headers: { "content-type": CONTENT_TYPE, "x-amzn-requestid": requestId }, body };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch (cause) {
    throw new KmsError("SerializationException", "The request body is not UTF-8.", { cause });
  }
}
