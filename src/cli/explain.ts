/** Errors as one line each: what happened and what to do. The stack is for `--verbose`. */
import { EnvelopeError } from "../envelope/errors.ts";
import { KeystoreError, KmsError, type KmsErrorCode } from "../errors.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { printable } from "./text.ts";

/** A command line that asks for something impossible; its message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EEXIST: "it is there already; --force replaces it",
  EISDIR: "it is a folder",
  ELOOP: "it is a symbolic link",
  EMFILE: "too many open files; raise the limit (ulimit -n)",
  ENAMETOOLONG: "its name would be too long for the file system",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is not a folder",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
};

const HINTS: Partial<Record<KmsErrorCode, string>> = {
  InvalidKeyUsageException: "See the key's spec and usage with: wasm-kms keys describe KEY",
  DisabledException: "Enable the key with: wasm-kms keys enable KEY",
  KMSInvalidStateException: "See the key's state with: wasm-kms keys describe KEY",
  UnsupportedOperationException: "See the key's spec with: wasm-kms keys describe KEY",
  NotFoundException: "See which keys there are with: wasm-kms keys list",
};

/** One line without control characters, whatever names stand in it. */
export function explain(error: unknown): string {
  return printable(explainAtLength(error));
}

function explainAtLength(error: unknown): string {
  if (error instanceof EnvelopeError) return withoutDot(error.message);
  if (error instanceof KmsError) {
    const message = error.message === "" ? `${error.code}.` : `${error.message} (${error.code})`;
    const hint = HINTS[error.code];
    return hint === undefined ? message : `${message} ${hint}`;
  }
  if (!(error instanceof Error)) return String(error);
  const code = systemCode(error);
  return (code !== undefined && SYSTEM_ERRORS[code]) || error.message;
}

/** The code of an error of the operating system, as "ENOSPC". */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return error instanceof Error && typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** The exit code of a command that ended with this error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof KeystoreError ? EXIT.keystore : EXIT.failed;
}

function withoutDot(text: string): string {
  return text.replace(/\.$/, "");
}
