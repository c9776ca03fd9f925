/**
 * Data keys from a key management service: one made for a message that is sealed, one unwrapped for a message that is
 * opened. The service is whatever answers these two methods, in this process or over the network.
 */
import { Secret } from "../crypto/secret.ts";
import { decodeText, encodeText } from "./bytes.ts";
import type { Context } from "./context.ts";
import { EnvelopeError } from "./errors.ts";
import { DATA_KEY_BYTES, KMS_PROVIDER_ID, MAX_FIELD_BYTES } from "./format.ts";
import type { Header } from "./header.ts";
import type { SealedDataKey } from "./sealer.ts";

/** What is asked of a key service: `createKms()` has it, and so has `new KMS()` of `@aws-sdk/client-kms`. */
export interface KeyService {
  generateDataKey(input: { KeyId: string; NumberOfBytes: number; EncryptionContext: Record<string, string> }): Promise<{
    KeyId?: string | undefined;
    Plaintext?: Uint8Array | undefined;
    CiphertextBlob?: Uint8Array | undefined;
  }>;
  decrypt(input: {
    KeyId: string;
    CiphertextBlob: Uint8Array;
    EncryptionContext: Record<string, string>;
  }): Promise<{ KeyId?: string | undefined; Plaintext?: Uint8Array | undefined }>;
}

/** Answers of a key service that say: this wrapped key, under this name, in this context, is none of mine. */
const NOT_OURS = new Set([
  "IncorrectKeyException",
  "InvalidArnException",
  "InvalidCiphertextException",
  "InvalidKeyUsageException",
  "NotFoundException",
  "ValidationException",
]);
/** What AWS says where it does not tell whether there is a key. */
const MAY_NOT_EXIST = "because the resource does not exist in this Region";
/** Those of them that come from the cipher, of which nothing is told further. */
const FROM_CIPHER = new Set(["IncorrectKeyException", "InvalidCiphertextException"]);

/**
 * Has a data key made under `keyId` (an id, ARN or alias), bound to the context. The caller wipes `dataKey`.
 * @throws what the key service throws, and {TypeError} where its answer is not a data key with a key's ARN.
 */
export async function generateDataKey(kms: KeyService, keyId: string, context: Context): Promise<SealedDataKey> {
  const answer = await kms.generateDataKey({ KeyId: keyId, NumberOfBytes: DATA_KEY_BYTES, EncryptionContext: context });
  const dataKey = adoptDataKey(answer.Plaintext);
  const { KeyId: keyArn, CiphertextBlob: blob } = answer;
  const ciphertext = blob instanceof Uint8Array && blob.length <= MAX_FIELD_BYTES ? new Uint8Array(blob) : undefined;
  if (dataKey === undefined || ciphertext === undefined || !isKeyArn(keyArn)) {
    dataKey?.wipe();
    throw new TypeError(
      `The key service answered GenerateDataKey with something else than ${DATA_KEY_BYTES} bytes of Plaintext, ` +
        "a CiphertextBlob and the key's ARN as KeyId.",
    );
  }
  return { dataKey, keyArn, ciphertext };
}

/**
 * Unwraps the data key of a message: each wrapped copy of a key management service is tried, in their order, until one
 * answers; only those under `trusted` ARNs where these are given. The caller wipes `dataKey`.
 * @throws {EnvelopeError} where no copy is this service's.
 * @throws the service's own refusal (a disabled key, no permission, no network), unchanged, where no copy answered and
 * one was refused for a reason that is not the message's.
 */
export async function unwrapDataKey(
  kms: KeyService,
  header: Header,
  trusted: ReadonlySet<string> | undefined,
): Promise<{ dataKey: Secret; keyArn: string }> {
  let refusal: { error: unknown } | undefined;
  let cause: unknown;
  for (const { providerId, providerInfo, ciphertext } of header.encryptedDataKeys) {
    const keyArn = decodeText(providerInfo);
    if (providerId !== KMS_PROVIDER_ID || !isKeyArn(keyArn) || trusted?.has(keyArn) === false) continue;
    try {
      const answer = await kms.decrypt({
        KeyId: keyArn,
        CiphertextBlob: new Uint8Array(ciphertext),
        EncryptionContext: header.context,
      });
      const dataKey = adoptDataKey(answer.Plaintext);
      if (dataKey !== undefined && answer.KeyId === keyArn) return { dataKey, keyArn };
      dataKey?.wipe();
    } catch (error) {
      if (!isNotOurs(error)) refusal ??= { error };
      else if (!FROM_CIPHER.has(nameOf(error))) cause ??= error;
    }
  }
  if (refusal !== undefined) throw refusal.error;
  throw new EnvelopeError(cause === undefined ? undefined : { cause });
}

/** A denial that leaves open whether there is such a key, as for one of another account, is no more than that. */
function isNotOurs(error: unknown): boolean {
  const name = nameOf(error);
  if (name !== "AccessDeniedException") return NOT_OURS.has(name);
  return (error as Error).message.includes(MAY_NOT_EXIST);
}

/** Takes over the bytes of a data key; what is not one is wiped here. */
function adoptDataKey(plaintext: unknown): Secret | undefined {
  if (!(plaintext instanceof Uint8Array)) return undefined;
  if (plaintext.length === DATA_KEY_BYTES) return Secret.adopt(plaintext);
  plaintext.fill(0);
  return undefined;
}

/** Whether a text is the full ARN of a key: messages name their keys so, never by alias. */
function isKeyArn(text: string | undefined): text is string {
  return typeof text === "string" && /^arn:[^:]+:kms:[^:]*:[^:]*:key\/./.test(text) && encodeText(text) !== undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
