/** What cases and subjects are called where more than one file speaks of them. */

export const NODE_CRYPTO = "node:crypto";
export const NOBLE = "@noble/ciphers";
export const NPM_WASM = "@transcend-io/encrypt-web-streams";
export const AWS_ENCRYPTION_SDK = "@aws-crypto/client-node";

/** Ours in the order in which a program would choose: the first that a run measured stands for all. */
export const OUR_CORES = ["wasm-kms (relaxed)", "wasm-kms (plain)"] as const;
export const OUR_ENVELOPE = "wasm-kms envelope";
export const GUARDED = "wasm-kms, a user's request, policies judged and audited on disk";
export const OWN_COMMAND = "wasm-kms, own command";
export const SDK_COMMAND = "wasm-kms, AWS SDK's command";

/** Records end to end, the same into a buffer of the caller's, and records apart. */
export const packedNameOf = (core: string): string => `${core}, packed`;
export const packedIntoNameOf = (core: string): string => `${core}, packed into a buffer`;
export const manyNameOf = (core: string): string => `${core}, records apart`;
export const fourNameOf = (core: string): string => `${core}, four in a call`;
export const batchNameOf = (core: string): string => `${core}, batch`;

export const engineSubjectOf = (name: string): string => `engine ${name}`;
export const AUTO = engineSubjectOf("auto");
export const WASM = engineSubjectOf("wasm");
export const NATIVE = engineSubjectOf("native");

export const HKDF_SYNC = "node:crypto hkdfSync";
/** Two HMACs derive a key from a secret, one does from a key that was extracted before. */
export const TWO_HMACS = "node:crypto two createHmac";
export const ONE_HMAC = "node:crypto one createHmac";
export const withKeyObjects = (name: string): string => `${name}, KeyObjects`;

export const EVALUATE_CASE = "evaluate, the console's key policy and two of IAM";
export const EVALUATE_TEXT = "evaluate, policies as text";
export const EVALUATE_COMPILED = "evaluate, policies compiled";
export const JUDGE = "judge";
export const COMPILE_CASE = "compile the console's key policy";
export const PARSE_POLICY = "parsePolicy";
export const JSON_PARSE = "JSON.parse alone";
export const PATTERN_CASE = "patterns";
export const STARS = "200 stars";

export const START_CASE = "first use in a process";
export const INSTANTIATE = "compile and instantiate";
export const CREATE_CORE = "createCore(), warm";

export const PIPELINE_CASE = "Encrypt, part by part";
export const PIPELINE_WHOLE = "whole request";
/** In the order in which a request passes them. */
export const PIPELINE_PARTS = [
  "command and request id",
  "admit (check, copy, wipe)",
  "records, target, authorization",
  "cryptography",
  "audit event",
] as const;
